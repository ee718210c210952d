/* Cleanup attributes: `sy_auto_free char *p = NULL;` frees p at the end of its scope. Initialise at declaration. */
#ifndef SY_BASE_CLEANUP_H
#define SY_BASE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

/* Define sy_auto_<name>-style helpers: cleanup function `func##_auto` for a pointer variable of `type`. */
#define SY_DEFINE_AUTO(type, func)                                                                                                         \
	static inline void func##_auto(type *p)                                                                                            \
	{                                                                                                                                  \
		if (*p)                                                                                                                    \
			func(*p);                                                                                                          \
	}

#define sy_auto(func) __attribute__((cleanup(func##_auto)))

static inline void sy_free_auto(void *p)
{
	free(*(void **)p);
}

static inline void sy_close_auto(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define sy_auto_free __attribute__((cleanup(sy_free_auto)))
#define sy_auto_close __attribute__((cleanup(sy_close_auto)))

/* Hand a pointer over: yields it and sets the variable to NULL, so that its cleanup does nothing. */
#define sy_take_ptr(p)                                                                                                                     \
	__extension__({                                                                                                                    \
		__typeof__(p) sy_taken_ = (p);                                                                                             \
		(p) = NULL;                                                                                                                \
		sy_taken_;                                                                                                                 \
	})

#define sy_take_fd(fd)                                                                                                                     \
	__extension__({                                                                                                                    \
		int sy_taken_ = (fd);                                                                                                      \
		(fd) = -1;                                                                                                                 \
		sy_taken_;                                                                                                                 \
	})

#endif

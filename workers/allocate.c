/* What this process asks memory of, itself and in its libraries: malloc(3) that ends the process when there is none. Half of the libraries
 * would abort then and the other half go on without, and a worker that cannot get memory serves nobody; the supervisor starts another one and
 * says why (WorkerOOMKilled). Sanitizers have an allocator of their own. */
#include <stddef.h>
#include <unistd.h>

#include "workers/boot.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OTHER_ALLOCATOR 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define OTHER_ALLOCATOR 1
#endif
#endif

#ifndef OTHER_ALLOCATOR
/* The GNU C library's own, under the names that it keeps for this. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *memory, size_t size);

static void *must(void *memory)
{
	if (!memory)
		_exit(SY_EXIT_MEMORY);
	return memory;
}

void *malloc(size_t size)
{
	return must(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
	return must(__libc_calloc(count, size));
}

void *realloc(void *memory, size_t size)
{
	void *moved = __libc_realloc(memory, size);

	return size == 0 ? moved : must(moved); /* of size 0: freed */
}
#endif

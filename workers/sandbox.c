#include "workers/sandbox.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* The leak checker stops and reads its own process, which an undumpable process refuses: builds with it keep the bit. */
#if defined(__SANITIZE_ADDRESS__)
#define DUMPABLE 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define DUMPABLE 1
#endif
#endif
#ifndef DUMPABLE
#define DUMPABLE 0
#endif

int sy_sandbox_enter(struct sy_error *err)
{
	const struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return sy_error_set(err, errno, "sandbox: no core dumps: %s", strerror(errno));
	if (prctl(PR_SET_DUMPABLE, DUMPABLE, 0, 0, 0) < 0)
		return sy_error_set(err, errno, "sandbox: not dumpable: %s", strerror(errno));
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return sy_error_set(err, EPERM, "sandbox: new privileges were not given up");
	return 0;
}

#include <errno.h>
#include <string.h>

#include "ctl.h"

int main(int argc, char **argv)
{
	if (strcmp(program_invocation_short_name, "kubectl_complete-syncer") == 0)
		return ctl_complete(argc, argv);
	return ctl_main(argc, argv);
}

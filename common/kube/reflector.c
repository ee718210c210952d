#include "kube/internal.h"
#include "kube/reflector.h"
void kube_reflector_orphan(struct sy_reflector *reflector)
{
	(void)reflector;
}

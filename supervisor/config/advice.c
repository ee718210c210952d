#include "supervisor/config/advice.h"

#include <string.h>

bool sy_advice_no_kcp(enum sy_kube_verdict verdict, const char *message)
{
	const char *path = verdict == SY_KUBE_FORBIDDEN && message ? strstr(message, "cannot ") : NULL;

	return path && strstr(path, " path \"/clusters/");
}

static const char *for_kcp(bool direct, enum sy_kube_verdict verdict, const char *message)
{
	switch (verdict) {
	case SY_KUBE_UNREACHABLE:
		return "check server, certificate-authority and proxy-url in the kubeconfig for kcp";
	case SY_KUBE_UNAUTHORIZED:
		return "renew the credentials in the kubeconfig for kcp, or see whether it is the kubeconfig of another server (of the "
		       "cluster?)";
	case SY_KUBE_FORBIDDEN:
		if (sy_advice_no_kcp(verdict, message))
			return "that server is not kcp: check the kubeconfig for kcp (are the two kubeconfigs swapped?)";
		if (direct)
			return "either there is no such workspace, or the rights are missing in it: check direct.workspaces, and grant "
			       "what syncerd.yaml(5) names";
		return "either there is no such workspace, or the rights are missing in it: check the workspace in the configuration, and "
		       "run 'syncerctl install kcp' as an administrator";
	case SY_KUBE_NOT_SERVED:
	case SY_KUBE_NOT_FOUND:
		if (direct)
			return "either there is no such workspace, or that server is not kcp: check direct.workspaces and the kubeconfig "
			       "for kcp";
		return "either there is no such workspace, or it does not bind APIExport workload.kcp.io: check the workspace in the "
		       "configuration, and run 'syncerctl install kcp' as an administrator; if both are right, that server is not kcp, or "
		       "not "
		       "this kcp: check the kubeconfig for kcp (are the two kubeconfigs swapped?)";
	default:
		return "";
	}
}

static const char *for_cluster(enum sy_kube_verdict verdict)
{
	switch (verdict) {
	case SY_KUBE_UNREACHABLE:
		return "check server, certificate-authority and proxy-url in the kubeconfig for the cluster";
	case SY_KUBE_UNAUTHORIZED:
		return "renew the credentials in the kubeconfig for the cluster, or see whether it is the kubeconfig of another server (of "
		       "kcp?)";
	case SY_KUBE_FORBIDDEN:
		return "the rights are missing: run 'syncerctl install cluster' as an administrator, or see whether the kubeconfig for the "
		       "cluster is that "
		       "of another server (of kcp?)";
	case SY_KUBE_NOT_SERVED:
		return "that server is no Kubernetes API server at this address: check server in the kubeconfig for the cluster";
	default:
		return "";
	}
}

const char *sy_advice(enum sy_advice_server server, enum sy_kube_verdict verdict, const char *message)
{
	return server == SY_ADVICE_CLUSTER ? for_cluster(verdict) : for_kcp(server == SY_ADVICE_DIRECT, verdict, message);
}

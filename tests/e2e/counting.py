"""Counting what one syncer asked of the two servers."""

from testbed import AuditLog

WRITES = ("create", "update", "patch", "delete", "deletecollection")


class Requests:
    """Requests of a site's syncer from now on, by its accounts: other syncers on the same servers do not count."""

    def __init__(self, site):
        self.user = site.syncer
        self.kcp, self.kube = site.world.bed.kcp.audit, site.world.bed.kube.audit
        self.kcp_mark, self.kube_mark = self.kcp.mark(), self.kube.mark()

    def up(self, **filters):
        return self.kcp.since(self.kcp_mark, user=self.user, **filters)

    def down(self, **filters):
        return self.kube.since(self.kube_mark, user=self.user, **filters)

    def refused(self):
        """Requests that were answered with 403, as text."""
        return AuditLog.brief([event for event in self.up() + self.down() if (event.get("responseStatus") or {}).get("code") == 403])


def named(events, name):
    """Only events on one object. A create carries its name in the object reference only when the server fills it in."""
    return [event for event in events if (event.get("objectRef") or {}).get("name") == name]


brief = AuditLog.brief

"""Who may do what on which object: guardian's rows with direct foreign keys (architecture.md)."""

from django.db import models
from guardian.models import GroupObjectPermissionBase

from consents.models.organisations import Organisation
from consents.models.purposes import Purpose


class OrganisationGroupPermission(GroupObjectPermissionBase):
    content_object = models.ForeignKey(Organisation, models.CASCADE)


class PurposeGroupPermission(GroupObjectPermissionBase):
    content_object = models.ForeignKey(Purpose, models.CASCADE)

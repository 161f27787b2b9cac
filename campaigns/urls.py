"""Pages for colleagues who write, approve and send."""

from django.urls import path

from campaigns.views import staff

app_name = "campaigns"
_ONE = "<slug:organisation>/campaigns/<uuid:public_id>/"
urlpatterns = [
    path("<slug:organisation>/campaigns/", staff.listing, name="list"),
    path("<slug:organisation>/purposes/<slug:purpose>/campaigns/new/", staff.create, name="create"),
    path(
        "<slug:organisation>/purposes/<slug:purpose>/campaigns/preview/",
        staff.preview,
        name="preview",
    ),
    path(_ONE, staff.detail, name="detail"),
    path(_ONE + "edit/", staff.edit, name="edit"),
    path(_ONE + "audience/", staff.audience, name="audience"),
    path(_ONE + "progress/", staff.progress, name="progress"),
    path(_ONE + "submit/", staff.submit, name="submit"),
    path(_ONE + "approve/", staff.approve, name="approve"),
    path(_ONE + "send-back/", staff.send_back, name="send-back"),
    path(_ONE + "start/", staff.start, name="start"),
    path(_ONE + "schedule/", staff.schedule, name="schedule"),
    path(_ONE + "pause/", staff.pause, name="pause"),
    path(_ONE + "resume/", staff.resume, name="resume"),
    path(_ONE + "cancel/", staff.cancel, name="cancel"),
]

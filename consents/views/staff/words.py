"""The words that people answer with: those that count for everybody, and the organisation's own."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from consents import services
from consents import words as lists
from consents.models import Organisation
from consents.views.staff.doors import colleague, login_required, open_organisation, show
from consents.views.staff.gateway import PERMISSION
from consents.word_forms import WordsForm


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def words(request: HttpRequest, organisation: str) -> HttpResponse:
    """Show what counts as stop, help and start, and keep the organisation's own words for them."""
    controller = open_organisation(request, organisation, PERMISSION)
    initial = {kind: getattr(controller, f"{kind}_words") for kind in WordsForm.base_fields}
    form = WordsForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid() and _keep(request, controller, form):
        messages.success(request, _("The words are saved. They apply from now on."))
        return redirect("people:words", organisation)
    context = {
        "form": form,
        "universal": [
            (_("Stop"), [*lists.STOP_STRONG, *lists.STOP_WEAK]),
            (_("No"), lists.NO),
            (_("Help"), ["?", *lists.HELP]),
            (_("Yes"), lists.YES),
            (_("Start"), lists.START),
        ],
        "shares": Organisation.objects.sharing_a_number_with(controller).exists(),
    }
    status = 422 if form.errors else 200
    return show(request, "words", controller, context, current="people:gateway", status=status)


def _keep(request: HttpRequest, controller: Organisation, form: WordsForm) -> bool:
    try:
        services.set_house_words(controller, form.words, by=colleague(request))
    except services.WordsRefused as refused:
        form.explain(refused)
        return False
    return True

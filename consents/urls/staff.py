"""Pages for colleagues: people, purposes and privacy, each under its organisation."""

from django.urls import path

from consents.views.staff import (
    blocks,
    case,
    cases,
    evidence,
    exports,
    gateway,
    holds,
    imports,
    inbox,
    numbers,
    purposes,
    retention,
    words,
)

app_name = "people"
urlpatterns = [
    path("<slug:organisation>/purposes/", purposes.purposes, name="purposes"),
    path("<slug:organisation>/purposes/<slug:purpose>/", purposes.purpose, name="purpose"),
    path("<slug:organisation>/purposes/<slug:purpose>/wording/", purposes.wording, name="wording"),
    path(
        "<slug:organisation>/purposes/<slug:purpose>/register/", purposes.register, name="register"
    ),
    path("<slug:organisation>/notice/", purposes.notice, name="notice"),
    path("<slug:organisation>/numbers/", numbers.search, name="search"),
    path("<slug:organisation>/numbers/<uuid:public_id>/", numbers.number, name="number"),
    path(
        "<slug:organisation>/numbers/<uuid:public_id>/stop/<int:consent>/",
        numbers.stop,
        name="number-stop",
    ),
    path("<slug:organisation>/numbers/<uuid:public_id>/reveal/", numbers.reveal, name="reveal"),
    path("<slug:organisation>/numbers/<uuid:public_id>/erase/", numbers.erase, name="erase"),
    path("<slug:organisation>/numbers/<uuid:public_id>/release/", numbers.release, name="release"),
    path(
        "<slug:organisation>/numbers/<uuid:public_id>/case/",
        exports.case_bundle,
        name="case-bundle",
    ),
    path(
        "<slug:organisation>/numbers/<uuid:public_id>/receipt/<int:consent>/",
        exports.receipt,
        name="number-receipt",
    ),
    path("<slug:organisation>/ledger/audit/", exports.audit_bundle, name="audit-bundle"),
    path("<slug:organisation>/inbox/", inbox.inbox, name="inbox"),
    path("<slug:organisation>/inbox/<int:message>/", inbox.settle, name="settle"),
    path("<slug:organisation>/cases/", cases.cases, name="cases"),
    path("<slug:organisation>/cases/new/", cases.case_new, name="case-new"),
    path("<slug:organisation>/cases/<uuid:case>/", case.case, name="case"),
    path("<slug:organisation>/cases/<uuid:case>/code/", case.case_code, name="case-code"),
    path("<slug:organisation>/cases/<uuid:case>/verify/", case.case_verify, name="case-verify"),
    path("<slug:organisation>/cases/<uuid:case>/extend/", case.case_extend, name="case-extend"),
    path("<slug:organisation>/cases/<uuid:case>/act/", case.case_act, name="case-act"),
    path("<slug:organisation>/cases/<uuid:case>/copy/", case.case_copy, name="case-copy"),
    path("<slug:organisation>/cases/<uuid:case>/lift/", case.case_lift, name="case-lift"),
    path("<slug:organisation>/cases/<uuid:case>/close/", case.case_close, name="case-close"),
    path(
        "<slug:organisation>/cases/<uuid:case>/letters/<int:letter>/",
        case.case_letter,
        name="case-letter",
    ),
    path("<slug:organisation>/block-list/", blocks.blocks, name="blocks"),
    path("<slug:organisation>/block-list/remove/", blocks.unblock, name="unblock"),
    path("<slug:organisation>/block-list/review/", blocks.review_blocks, name="review-blocks"),
    path("<slug:organisation>/gateway/", gateway.gateway, name="gateway"),
    path("<slug:organisation>/imports/", imports.imports, name="imports"),
    path("<slug:organisation>/imports/<uuid:run>/", imports.one_import, name="import"),
    path("<slug:organisation>/imports/<uuid:run>/start/", imports.start, name="import-start"),
    path("<slug:organisation>/imports/<uuid:run>/approve/", imports.approve, name="import-approve"),
    path(
        "<slug:organisation>/imports/<uuid:run>/errors/", imports.problems, name="import-problems"
    ),
    path("<slug:organisation>/imports/<uuid:run>/proof/", imports.proof, name="import-proof"),
    path("<slug:organisation>/gateway/keywords/", gateway.keywords, name="keywords"),
    path("<slug:organisation>/gateway/words/", words.words, name="words"),
    path("<slug:organisation>/ledger/", evidence.ledger, name="ledger"),
    path("<slug:organisation>/ledger/verify/", evidence.verify, name="ledger-verify"),
    path("<slug:organisation>/ledger/progress/", evidence.progress, name="ledger-progress"),
    path("<slug:organisation>/retention/", retention.retention, name="retention"),
    path("<slug:organisation>/numbers/<uuid:public_id>/hold/", holds.ask, name="hold-ask"),
    path("<slug:organisation>/holds/", holds.holds, name="holds"),
    path("<slug:organisation>/holds/<str:reference>/", holds.hold, name="hold"),
    path("<slug:organisation>/holds/<str:reference>/approve/", holds.approve, name="hold-approve"),
    path("<slug:organisation>/holds/<str:reference>/open/", holds.ask_to_open, name="hold-open"),
    path("<slug:organisation>/holds/<str:reference>/bundle/", holds.bundle, name="hold-bundle"),
    path("<slug:organisation>/holds/<str:reference>/release/", holds.release, name="hold-release"),
    path(
        "<slug:organisation>/holds/<str:reference>/release/approve/",
        holds.approve_release,
        name="hold-released",
    ),
    path(
        "<slug:organisation>/holds/<str:reference>/open/<int:opening>/",
        holds.approve_opening,
        name="hold-opening",
    ),
    path("<slug:organisation>/erasures/<str:reference>/", retention.erasure, name="erasure"),
]

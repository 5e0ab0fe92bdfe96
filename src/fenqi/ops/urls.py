"""Addresses of the staff console."""

from django.urls import path

from fenqi.ops.views import doors, money, proposals, queues, reports, service

urlpatterns = [
    path("", doors.home, name="ops"),
    path("sign-in/", doors.sign_in, name="ops-sign-in"),
    path("sign-out/", doors.sign_out, name="ops-sign-out"),
    path("second-factor/", doors.second_factor, name="ops-second-factor"),
    path("queues/<slug:code>/", queues.show, name="ops-queue"),
    path("queues/<slug:code>/decide/", queues.decide, name="ops-decide"),
    path("photos/<int:borrower_id>/<slug:side>/", queues.photo, name="ops-photo"),
    path("look-up/", service.look_up, name="ops-look-up"),
    path("people/<int:borrower_id>/", service.person, name="ops-person"),
    path("people/<int:borrower_id>/reveal/", service.reveal, name="ops-reveal"),
    path("people/<int:borrower_id>/dial/", service.dial, name="ops-dial"),
    path("people/<int:borrower_id>/contact/", service.contact, name="ops-contact"),
    path("loans/<str:number>/", service.loan, name="ops-loan"),
    path("loans/<str:number>/statement/", reports.loan_statement, name="ops-loan-statement"),
    path("people/<int:borrower_id>/statement/", reports.borrower_statement, name="ops-statement"),
    path("loans/<str:number>/propose/", proposals.propose_for_loan, name="ops-propose-loan"),
    path("people/<int:borrower_id>/standing/", proposals.propose_standing, name="ops-propose-standing"),
    path("proposals/", proposals.queue, name="ops-proposals"),
    path("proposals/<uuid:proposal_id>/", proposals.show, name="ops-proposal"),
    path("proposals/<uuid:proposal_id>/decide/", proposals.decide, name="ops-proposal-decide"),
    path("shipping/", service.shipping, name="ops-shipping"),
    path("shipping/ship/", service.ship, name="ops-ship"),
    path("chat/", service.chat, name="ops-chat"),
    path("chat/answer/", service.chat_answer, name="ops-chat-answer"),
    path("refunds/", money.refunds, name="ops-refunds"),
    path("books/", money.books, name="ops-books"),
    path("books/export/", money.export, name="ops-export"),
    path("reports/", reports.show, name="ops-reports"),
    path("reports/<slug:name>/", reports.file, name="ops-report"),
    path("time/", money.time, name="ops-time"),
    path("entry/", money.entry, name="ops-entry"),
    path("entry/set/", money.entry_set, name="ops-entry-set"),
    path("audit/", service.trail, name="ops-audit"),
]

"""Addresses of the finance app, of repaying from an order, and of the pay link."""

from django.urls import path

from fenqi.web import (
    finance_views,
    finance_views_account,
    finance_views_bill,
    finance_views_credit,
    finance_views_files,
    finance_views_paylink,
    finance_views_payment,
    finance_views_repay,
    finance_views_settle,
    finance_views_standby,
)

urlpatterns = [
    path("finance/", finance_views.home, name="finance"),
    path("finance/bills/", finance_views_bill.bills, name="finance-bills"),
    path("finance/bills/<slug:lender>/<str:due_on>/", finance_views_bill.repay_bill, name="finance-bill"),
    path("finance/inbox/", finance_views_account.inbox, name="finance-inbox"),
    path("finance/account/", finance_views_account.account, name="finance-account"),
    path("finance/account/autopay/", finance_views_account.autopay, name="finance-autopay"),
    path("finance/credit/", finance_views_credit.record, name="finance-credit"),
    path(
        "finance/credit/<str:number>/<str:month>/dispute/",
        finance_views_credit.dispute,
        name="finance-dispute",
    ),
    path("finance/standby/", finance_views_standby.standby, name="finance-standby"),
    path("finance/standby/agreement/", finance_views_standby.agreement, name="finance-standby-agreement"),
    path("finance/standby/draw/", finance_views_standby.draw, name="finance-draw"),
    path(
        "finance/standby/draws/<uuid:draw_id>/", finance_views_standby.draw_state, name="finance-draw-state"
    ),
    path("finance/loans/<str:number>/", finance_views.loan, name="finance-loan"),
    path("finance/loans/<str:number>/repay/", finance_views_repay.repay_loan, name="finance-repay"),
    path("finance/loans/<str:number>/settle/", finance_views_settle.settle_loan, name="finance-settle"),
    path("finance/loans/<str:number>/why/<str:subject>/", finance_views.why, name="finance-why"),
    path(
        "finance/loans/<str:number>/certificate/", finance_views_files.certificate, name="finance-certificate"
    ),
    path(
        "finance/loans/<str:number>/certificate.pdf",
        finance_views_files.certificate_pdf,
        name="finance-certificate-pdf",
    ),
    path("finance/payments/<str:reference>/", finance_views_payment.outcome, name="finance-payment"),
    path("finance/offline/", finance_views_files.offline, name="finance-offline"),
    path("finance/manifest.webmanifest", finance_views_files.manifest, name="finance-manifest"),
    path("finance/sw.js", finance_views_files.service_worker, name="finance-sw"),
    path("calendar/<str:number>/<str:token>.ics", finance_views_files.calendar, name="finance-calendar"),
    path("orders/<str:number>/repay/", finance_views_repay.repay_order, name="order-repay"),
    path("orders/<str:number>/settle/", finance_views_settle.settle_order, name="order-settle"),
    path("pay/<str:token>/", finance_views_paylink.pay, name="pay-link"),
    path("pay-outcome/<str:key>/", finance_views_paylink.outcome, name="pay-outcome"),
]

"""Every figure of every loan can be explained, and the numbers shown give the figure again."""

from hypothesis import assume, given
from hypothesis import strategies as st

from fenqi.domain.errors import NothingOwed
from fenqi.domain.explain import OF_INSTALLMENT, OF_LOAN, Subject, explain
from fenqi.domain.explain_formulas import Derivation, Figure, Formula, derivation_to_json, recompute
from fenqi.domain.explain_render import as_text
from fenqi.domain.explain_schedule import explain_planned
from fenqi.domain.replay import replay
from fenqi.domain.schedule import build_schedule
from fenqi.domain.settlement import quote_settlement

from .loans import History, days, histories, loan_terms, principals


def check(derivation: Derivation) -> None:
    assert recompute(derivation) == derivation.value
    for step in derivation.steps:
        check(step)


@given(histories(), st.data())
def test_a_figure_of_a_loan_is_recomputed_from_its_derivation(history: History, data):
    state = replay(history.terms, history.events, history.as_of)
    assume(state.installments)
    row = data.draw(st.sampled_from(state.installments))
    figure = data.draw(st.sampled_from(sorted(OF_INSTALLMENT)))
    wanted = {
        Figure.INSTALLMENT: row.total_fen,
        Figure.PAID: row.paid_fen,
        Figure.WAIVED: row.waived_fen,
        Figure.OUTSTANDING: row.outstanding_fen,
    }.get(figure)
    if wanted is None:
        wanted = getattr(row, f"{figure.value}_fen")
    subject = Subject(figure=figure, installment_number=row.number)
    derivation = explain(history.terms, history.events, history.as_of, subject)
    assert derivation.amount_fen == wanted
    check(derivation)
    assert derivation_to_json(derivation)["figure"] == figure.value
    for language in ("zh", "en"):
        assert as_text(derivation, language, {event.id: event for event in history.events})


@given(histories(), st.sampled_from(sorted(OF_LOAN)))
def test_a_figure_of_the_whole_loan_is_recomputed_too(history: History, figure: Figure):
    state = replay(history.terms, history.events, history.as_of)
    try:
        derivation = explain(history.terms, history.events, history.as_of, Subject(figure=figure))
    except NothingOwed:
        assume(False)
    check(derivation)
    if figure in (Figure.SETTLEMENT, Figure.SETTLEMENT_FEE, Figure.SAVED):
        quoted = quote_settlement(history.terms, history.events, history.as_of)
        wanted = {
            Figure.SETTLEMENT: quoted.amount_fen,
            Figure.SETTLEMENT_FEE: quoted.settlement_fee_fen,
            Figure.SAVED: quoted.saved_fen,
        }[figure]
    else:
        wanted = {
            Figure.BILL: state.due_fen,
            Figure.OUTSTANDING: state.outstanding_fen,
            Figure.OVERPAID: state.overpaid_fen,
        }[figure]
    assert derivation.amount_fen == wanted


@given(loan_terms(), principals, days, st.data())
def test_a_planned_row_is_explained_by_the_rule_of_its_method(terms, principal_fen, on, data):
    schedule = build_schedule(terms, principal_fen, on)
    row = data.draw(st.sampled_from(schedule.rows))
    figure = data.draw(st.sampled_from([Figure.PRINCIPAL, Figure.INTEREST, Figure.FEE]))
    derivation = explain_planned(terms, schedule, row.number, figure)
    check(derivation)
    assert derivation.amount_fen == (
        row.principal_fen if row.is_down_payment else getattr(row, f"{figure}_fen")
    )
    is_plain = not terms.smooth_last and terms.remainder_in == "last" and terms.installment_multiple_fen == 1
    if is_plain and not terms.interest_free_days and figure is not Figure.PRINCIPAL:
        assert derivation.formula is not Formula.ROWS

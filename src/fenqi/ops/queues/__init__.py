"""The queues of the console, all of one shape: rows, the evidence of one, a decision with its reason."""

from fenqi.ops.queues.application_queues import APPLICATIONS, REVIEWS
from fenqi.ops.queues.credit_queues import DISPUTES
from fenqi.ops.queues.mall_queues import RETURNS
from fenqi.ops.queues.people_queues import CONTACTS, IDENTITY
from fenqi.ops.queues.phone_queue import PHONES
from fenqi.ops.queues.privacy_queue import CORRECTIONS
from fenqi.ops.queues.shape import Evidence, Queue, Row, Section

QUEUES = {
    queue.code: queue
    for queue in (IDENTITY, PHONES, CONTACTS, APPLICATIONS, REVIEWS, RETURNS, DISPUTES, CORRECTIONS)
}

__all__ = ["QUEUES", "Evidence", "Queue", "Row", "Section"]

"""What customers and the shop say to each other: requests, announcements, questions, terms."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from accounts import terms
from accounts.models import Terms, User
from desk import ask, decide, make_good, say
from desk.models import Announcement, Question, Request
from orders.models import Order

TOPICS = ["Instagram followers", "TikTok views", "Telegram members", "YouTube subscribers", "Gmail accounts"]
QUESTIONS = [
    ("What happens to my money when nothing arrives?", "没有送达时我的钱怎么办?"),
    ("How long does an order take?", "一个订单需要多久?"),
    ("Can I cancel an order?", "我可以取消订单吗?"),
    ("What is a refill?", "什么是补充?"),
]
LONG = "Since this morning nothing has moved. " * 12
TERMS_EN = """# What you buy
Services are **delivered by suppliers**; times are estimates.

- What does not arrive is paid back to your balance.
- Balances don't expire.

# Warranty
Accounts that don't work on arrival are replaced for *seven days*. See [help](https://example.com/help)."""
TERMS_ZH = """# 您购买的内容
服务由**供应商交付**,时间仅供参考。

- 未交付的部分退回您的余额。
- 余额不会过期。

# 质保
到货即不能用的账号,*七天*内可更换。"""


class Talk:
    """A customer's requests; `tick` gives each act its moment."""

    def __init__(self, customer: User, operator: User, tick: Callable[[], datetime]) -> None:
        self.customer, self.operator, self.tick = customer, operator, tick

    def asked(self, subject: str = "Which currency do you bill in?", text: str = "") -> Request:
        words = text or "My accountant asks for invoices in euros. Is that possible?"
        return ask.question(customer=self.customer, subject=subject, text=words, now=self.tick())

    def answered(self, request: Request, words: str = "Thank you for writing. We look into it.") -> None:
        say.answer(request_id=request.pk, operator=self.operator, text=words, now=self.tick())

    def replied(self, request: Request, words: str = "Thanks, that helps.") -> None:
        say.reply(request_id=request.pk, customer=self.customer, text=words, now=self.tick())

    def closed(self, number: int) -> Request:
        request = self.asked(f"Question {number}: how long does a refill take?")
        decide.done(
            request_id=request.pk, operator=self.operator, reason="told", answer="About a day.", now=self.tick()
        )
        return request

    def requests(self, orders: dict[str, Order]) -> dict[str, Request]:
        """One in each state, about orders and about nothing."""
        common = {"customer": self.customer}
        late = ask.not_delivered(order_id=orders["COMPLETED"].pk, text=LONG, now=self.tick(), **common)
        self.answered(late)
        self.replied(late)
        self.answered(late, "The supplier found it. It is on its way again.")
        bad = ask.replacement(
            order_id=orders["GOODS"].pk, positions=[1, 3], text="Both say: wrong password.", now=self.tick(), **common
        )
        make_good.deliver_again(
            request_id=bad.pk,
            texts=["fresh.heron.1@mail.example:Qq8-11", "fresh.heron.2@mail.example:Qq8-12"],
            replaces=[1, 3],
            operator=self.operator,
            reason="checked",
            answer="Here are two others.",
            now=self.tick(),
        )
        less = ask.not_delivered(order_id=orders["REFUNDED"].pk, text="Some are missing.", now=self.tick(), **common)
        make_good.pay_back(
            request_id=less.pk,
            amount=Decimal("0.0100"),
            key="lived-in-talk",
            operator=self.operator,
            reason="counted",
            answer="You are right.",
            now=self.tick(),
        )
        refused = self.asked("Can you sell me your supplier’s contact?", "I would buy a lot.")
        decide.refuse(request_id=refused.pk, operator=self.operator, reason="no", answer="No.", now=self.tick())
        return {
            "ANSWERED": late,
            "REPLACED": bad,
            "REFUNDED": less,
            "REFUSED": refused,
            "OPEN": self.asked("سؤال حول الفاتورة " + "x" * 120, "مرحبا، أحتاج إلى فاتورة.\n" + LONG),
        }


def announced(number: int, at: datetime, **fields: object) -> Announcement:
    return Announcement.objects.create(
        title_en=f"{TOPICS[number % len(TOPICS)]} are quick again",
        title_zh=f"{TOPICS[number % len(TOPICS)]} 恢复极速",
        text_en="The supplier has **new servers**: orders start within a minute.\n\nThank you for your patience.",
        text_zh="供应商启用了新服务器:订单一分钟内开始。\n\n感谢您的耐心。",
        from_at=at,
        **fields,
    )


def answered_question(number: int) -> Question:
    english, chinese = QUESTIONS[number % len(QUESTIONS)]
    return Question.objects.create(
        question_en=english,
        question_zh=chinese,
        answer_en="It comes back to your balance by itself, to the cent.",
        answer_zh="会自动退回您的余额,分文不差。",
        position=number,
    )


def publish_terms(version: str, at: datetime) -> Terms:
    made = Terms.objects.create(version=version, text_en=TERMS_EN, text_zh_hans=TERMS_ZH)
    terms.publish(terms=made, now=at)
    return made

"""What a push leaves behind, as the list of all users shows it."""

from traits_sandbox.conformance.case import Breach, Judge, Talk, Unanswered
from traits_sandbox.conformance.exchange import NotJson, Reply, Request
from traits_sandbox.conformance.materials import Materials


def stores_nothing(made: Materials, request: Request, *users: str) -> Judge:
    """Return a judge that sends a push which has to be refused, then looks for its users; two requests."""

    async def judge(talk: Talk) -> Breach | None:
        await talk.send(request)
        listed = users_in(made, await talk.send(made.users()))
        if listed.isdisjoint(users):
            return None
        return Breach("a user of the push is listed", "nothing of the push to be stored: it has to be refused whole")

    return judge


def users_in(made: Materials, reply: Reply) -> set[str]:
    """Return the users that a reply lists.

    Raises:
        Unanswered: it is no list of users, which STATE-003 judges.

    """
    name = made.the("persona_users").roles["ids"]
    try:
        body = reply.json()
        return set(body["data"][name])
    except (NotJson, TypeError, KeyError) as error:
        raise Unanswered(f"the users cannot be told from the reply: {reply.status}") from error

"""A small contract of another API altogether: what derivations say of it can only come from the contract."""

from traits_sandbox.contract.model import (
    Contract,
    Dialect,
    EventRule,
    Field,
    Operation,
    Parameter,
    Record,
    RequestBody,
    Response,
    Webhook,
)

SPIN = Record(
    heading="Spin",
    kind="spin",
    fields=(
        Field(name="who", type="string", required=True, min_length=1, role="user"),
        Field(name="score", type="float", required=True),
        Field(name="tricks", type="list", item="Trick", required=False),
    ),
)
TRICK = Record(heading="Trick", kind="trick", fields=(Field(name="label", type="string", required=True),))
BOARD = Record(heading="Board", kind="board", fields=(Field(name="model", type="string", required=True),))

PUSH = Operation(
    id="push_spins",
    title="Push spins",
    method="PUT",
    path="/v9/spins",
    behaviour="push",
    effect="append",
    notices=("Wear a helmet.",),
    body=RequestBody(
        media_type="application/json",
        collection="spins",
        record="Spin",
        example={"spins": [{"who": "ann", "score": 7}]},
    ),
    response=Response(status=202, message="{count} spins taken"),
)
PUSH_BOARDS = Operation(
    id="push_boards",
    title="Push boards",
    method="PUT",
    path="/v9/boards",
    behaviour="push",
    effect="append",
    body=RequestBody(media_type="application/json", collection="boards", record="Board"),
    response=Response(status=202, message="{count} boards taken"),
)
UPLOAD = Operation(
    id="upload_spins",
    title="Upload spins",
    method="POST",
    path="/v9/spins.csv",
    behaviour="upload",
    effect="append",
    body=RequestBody(media_type="multipart/form-data", part="sheet"),
    dialects=(Dialect(name="plain", record="Spin"),),
    response=Response(status=202, message="reading", example={"code": 202, "message": "reading", "data": {"rows": 3}}),
)
HOOK = Operation(
    id="receive_tricks",
    title="Receive tricks",
    method="POST",
    path="/v9/hook",
    behaviour="webhook",
    effect="append",
    key_parameter="token",
    webhook=Webhook(
        events=(EventRule(event="landed", record="Spin"),),
        names={"name": ("Type", "Kind.Name"), "entity": ("Rider",)},
        envelope=("Type", "Rider"),
        player_types=(),
        level_statistics=(),
        dropped=(),
        dropped_suffixes=(),
    ),
    response=Response(status=200, message=""),
)
STATUS = Operation(
    id="get_status",
    title="Get a status",
    method="GET",
    path="/v9/status",
    behaviour="assessment_status",
    roles={"user": "rider"},
    query_parameters=(Parameter(name="rider", placeholder=":rider"),),
    response=Response(status=200, message="", example={"code": 200, "message": "", "data": {"done": True}}),
)
GROUP = Operation(
    id="get_group",
    title="Get a group",
    method="GET",
    path="/v9/parks/{park}/groups/{group}",
    behaviour="persona_users",
    roles={"segment": "park", "persona": "group", "default_segment": "main", "all_personas": "every+one"},
    path_parameters=(Parameter(name="park", placeholder=":park"), Parameter(name="group", placeholder=":group")),
    response=Response(status=200, message=""),
)
FORGET = Operation(
    id="forget",
    title="Forget a rider",
    method="DELETE",
    path="/v9/riders",
    behaviour="remove_user",
    effect="destroy",
    roles={"user": "rider"},
    body=RequestBody(media_type="application/json", fields=(Field(name="rider", type="string", required=True),)),
    response=Response(status=200, message=""),
)
OTHER = Contract(
    edition="9",
    title="Boards",
    min_records=1,
    max_records=7,
    records=(SPIN, TRICK, BOARD),
    operations=(PUSH, PUSH_BOARDS, UPLOAD, HOOK, STATUS, GROUP, FORGET),
)

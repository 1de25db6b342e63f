"""What the pages show and the tests do not run: each with the reason. Keep this table short."""

CI = "it installs or tests the whole project; CI runs the scripts"
CLOUD = "it needs an account of a cloud; tests/clouds runs the same command against local servers"
CLUSTER = "it needs a cluster and a bucket; tests/bulk runs the same command on workers of this machine"
HOST = "it needs somebody else's server; tests/conformance and tests/wire run the same options against local ones"
LONG = "it takes minutes"
PLACEHOLDER = "it is not complete: it names a group of commands"
SOURCES = "it writes into the checkout; tests/house runs the same code elsewhere"

# The first line of a block, or a command in a sentence.
UNRUN = {
    "python3 -m venv .venv && .venv/bin/pip install -q '.[tls]' && .venv/bin/traits-sandbox serve": CI,
    "python3 -m venv .venv && .venv/bin/pip install -q '.[tls]' && . .venv/bin/activate": CI,
    "pip install '.[bulk]'": CI,
    "sh scripts/test": CI,
    "sh scripts/test -k purchases": CI,
    "sh scripts/test --newest": CI,
    "sh scripts/test --lowest": CI,
    "sh scripts/proofs": CI,
    "sh scripts/proofs kit": CI,
    "sh scripts/proofs --full": CI,
    "sh scripts/proofs endpoint": CI,
    ".venv/bin/ruff check && .venv/bin/ruff format && .venv/bin/mypy && .venv/bin/pytest -n auto --dist loadfile": CI,
    "sh scripts/generate": SOURCES,
    "sh scripts/lock": SOURCES,
    "python -m tests.conformance.kill_matrix --write": SOURCES,
    ".venv/bin/python -m tests.conformance.kill_matrix --write '*guild_visits*' '*GuildVisit*' '*VisitNote*'": SOURCES,
    "pre-commit install": SOURCES,
    ".venv/bin/python -m benchmarks": LONG,
    "traits-sandbox bulk check s3://bucket/prefix gs://bucket az://container": CLOUD,
    "traits-sandbox bulk check s3://bucket --engine dask --scheduler tcp://scheduler:8786": CLUSTER,
    "read -rs TRAITS_API_KEY && export TRAITS_API_KEY": HOST,
    "curl ...": PLACEHOLDER,
}

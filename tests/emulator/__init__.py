"""Tests of the deployed stack on MiniStack, an emulator of AWS: ``make check-aws``.

``make check-aws`` builds the package, starts MiniStack, and runs ``make deploy`` against it. The
emulator creates the real template with the real package: functions, streams, queues, schedule and
API, and it enforces the IAM policies.

How to write a check
- Request ``emulator`` (a running emulator; one for all tests) and deploy a stage of your own, with
  a name that no other module uses::

      @pytest.fixture(scope="module")
      def stage(emulator: Emulator) -> Stage:
          return deployed(Stage(emulator, "orders"))

  ``stage.make("deploy", "SET=LogLevel=WARN")`` runs any target and returns its exit code and
  output. Tests that change nothing in the stack share the fixture ``live``, which is deployed once.
- The fixture ``records`` puts the records of ``tests/support/fixtures.py`` into the tables of
  ``live``. ``create_organization(stage)`` creates an organization with ``stint-admin``, as an
  operator does. ``stage.client(headers)`` sends requests through API Gateway.
- A resource that fails: ``with emulator.failing("Dashboard", "reason"): ...``. A resource that
  takes long, to interrupt a deployment: ``with emulator.held("Dashboard") as is_reached: ...``.
  Both work for the resources of the stacks that are created or updated in the context.
- A caller with fewer permissions: ``stage.make("deploy", environment=emulator.user(policy))``.
  Without credentials: ``environment={"AWS_ACCESS_KEY_ID": None}``.
- A webhook receiver: the fixture ``receiver`` of ``tests/conftest.py``, and the stage ``events``,
  which allows local receivers. On another stage: ``stage.allow_local_receivers()``.
- Live updates: ``stage.use_local_sockets()``, as the stage ``sockets`` of ``test_live.py`` does.
- A schedule of minutes: ``with emulator.quick_schedules(): ...`` runs it every that many seconds.

Modules
- ``process.py`` is the emulator's process; ``shims.py`` corrects MiniStack where it differs from
  AWS, ``faults.py`` makes resources fail and schedules run sooner. These three run in the
  emulator's own virtual environment and import nothing else of this project.
- ``test_shims.py`` has a probe for each shim: a new shim needs one.
- ``ministack.py`` starts and stops that process, and runs commands. ``stage.py`` deploys a stage
  and uses it. ``operator_commands.py`` has what the checks of deployments share.
"""

"""How long tests wait for what must happen."""

PATIENCE_S = 60.0
"""Only a test that fails waits so long. One that runs when nobody else wants the processor may stand still for ten
seconds."""

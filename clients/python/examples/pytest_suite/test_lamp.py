import pytest


@pytest.fixture
def lamp():
    # Your lamp, switched on. A test that the gate blocks never comes here.
    yield 1180.0


@pytest.mark.maint(test_id="T-1", part="P-1", planned_hours="0.5")
def test_lamp_is_bright_enough(lamp):
    assert lamp >= 1000

import logging


class BasePlug:
    logger = logging.getLogger("openhtf.standin.plug")

    def tearDown(self):
        """Called at the end of each test."""

pytest_plugins = ["maint_gate"]

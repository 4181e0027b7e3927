from openhtf.core import base_plugs


def plug(**plugs_map):
    for one in plugs_map.values():
        assert issubclass(one, base_plugs.BasePlug)

    def decorate(function):
        function.plugs = plugs_map
        return function

    return decorate

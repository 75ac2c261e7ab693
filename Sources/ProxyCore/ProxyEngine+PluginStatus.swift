internal import PluginKit
internal import QMP

extension ProxyEngine {
    /// How the plugins are, as `__org.qmp-proxy_query-plugins` tells it: in the order of the chain.
    var pluginsStatus: JSONValue { .array(chain.places.map(status(of:))) }

    private func status(of place: PluginChain.Place) -> JSONValue {
        let counts = place.counts
        let counted: KeyValuePairs = [
            "commands-replaced": counts.replaced,
            "commands-answered": counts.answered,
            "commands-held": counts.held,
            "commands-late": counts.late,
            "replies-replaced": counts.repliesReplaced,
            "events-replaced": counts.eventsReplaced,
            "events-dropped": counts.eventsDropped,
            "commands-executed": counts.executed,
            "refused": counts.refused,
        ]
        let owned: KeyValuePairs = [
            "holding": place.held,
            "executing": place.executions,
            "timers": place.timers.count,
            "programs": place.programs.count,
            "monitors": place.secondMonitors.count,
        ]
        return .object([
            JSONValue.Member("name", .string(place.name)),
            JSONValue.Member("settings", place.instance.settings),
            JSONValue.Member("state", place.instance.plugin.state),
            JSONValue.Member("counts", .counted(counted)),
            JSONValue.Member("now", .counted(owned)),
        ])
    }
}

extension JSONValue {
    /// An object of numbers.
    static func counted(_ numbers: KeyValuePairs<String, Int>) -> JSONValue {
        .object(numbers.map { Member($0.key, .integer(Int64($0.value))) })
    }
}

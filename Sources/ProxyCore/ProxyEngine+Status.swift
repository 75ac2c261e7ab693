internal import PluginKit
internal import QMP
internal import Recording

extension ProxyEngine {
    /// How things stand, as `__org.qmp-proxy_query-status` tells it.
    var status: JSONValue {
        .members([
            "proxy": .members(["version": .string(settings.version), "uptime-seconds": .double(seconds(since: .zero))]),
            "monitor": monitorStatus,
            "clients": .array(clients.all.map(status(of:))),
            "recording": settings.recording.map(recordingStatus),
            "counts": countsStatus,
        ])
    }

    private func seconds(since instant: Instant) -> Double { now.seconds(since: instant) }

    private var monitorStatus: JSONValue {
        .members([
            "name": .string(settings.name),
            "address": .string(settings.monitorAddress),
            "state": .string(monitor.phase.name),
            "version": monitor.greeting.map { .string($0.version) },
            "package": monitor.greeting.map { .string($0.package) },
            "capabilities": .array((monitor.greeting?.capabilities ?? []).map(JSONValue.string)),
            "silent-seconds": monitor.lastReceived.map { .double(seconds(since: $0)) },
            "oldest-command-seconds": queue.flights.first.map { .double(seconds(since: $0.sentAt)) },
            "in-flight": .integer(Int64(queue.flights.count)),
            "unsent-bytes": .integer(Int64(monitor.unsent)),
            "descriptor-names": .array(monitor.descriptorNames.sorted().map(JSONValue.string)),
            "connections": .integer(Int64(monitor.connections)),
        ])
    }

    private func status(of client: ClientState) -> JSONValue {
        let capabilities: [JSONValue] = client.session?.hasOutOfBand == true ? [.string("oob")] : []
        let inFlight = queue.flights.count { $0.outgoing.client == client.number }
        return .members([
            "client": .integer(Int64(client.number)),
            "peer": .string("\(client.client.peer)"),
            "listener": .string(client.client.listener),
            "state": .string(client.stateName),
            "capabilities": .array(capabilities),
            "waiting": .integer(Int64(client.waiting.count)),
            "in-flight": .integer(Int64(inFlight)),
            "held-bytes": .integer(Int64(client.inputHeld)),
            "unsent-bytes": .integer(Int64(client.unsent)),
            "descriptors": .integer(Int64(client.allDescriptors.count)),
        ])
    }

    private func recordingStatus(_ path: String) -> JSONValue {
        .members([
            "file": .string(path),
            "entries": .integer(Int64(counts.entries)),
            "entries-lost": .integer(Int64(counts.entriesLost)),
            "trouble": recordingTrouble.map(JSONValue.string),
        ])
    }

    private var countsStatus: JSONValue {
        .counted([
            "clients-accepted": counts.clientsAccepted,
            "clients-dropped": counts.clientsDropped,
            "commands": counts.commands,
            "replies": counts.replies,
            "replies-to-nobody": counts.repliesToNobody,
            "answered-by-proxy": counts.answeredHere,
            "invalid-documents": counts.invalid,
            "events": counts.events,
        ])
    }
}

extension MonitorState.Phase {
    fileprivate var name: String {
        switch self {
        case .away: "away"
        case .connecting: "connecting"
        case .silent: "not-greeted"
        case .negotiating: "negotiating"
        case .ready: "ready"
        case .closing: "closing"
        }
    }
}

extension ClientState {
    fileprivate var stateName: String {
        switch phase {
        case .open where session == nil: "not-greeted"
        case .open: session?.isNegotiated == true ? "command" : "negotiation"
        case .ended: "ended"
        case .closing, .dropped: "closing"
        }
    }
}

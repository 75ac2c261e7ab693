import ArgumentParser

/// One kind of load, as `load` knows it.
enum Scenario: String, CaseIterable, ExpressibleByArgument {
    case pingpong
    case clients
    case pipelined
    case big200KiB = "big-200KiB"
    case big1MiB = "big-1MiB"
    case events
    case idle

    /// Clients that `idle` connects.
    static let idleClients = 1000

    var loadArguments: [String] {
        switch self {
        case .pingpong, .clients, .pipelined, .events:
            [rawValue]
        case .big200KiB:
            ["big", "--size", "204800"]
        case .big1MiB:
            ["big", "--size", "1048576"]
        case .idle:
            ["idle", "--clients", "\(Self.idleClients)"]
        }
    }

    var explanation: String {
        switch self {
        case .pingpong:
            "1 client, one small command at a time"
        case .clients:
            "16 clients, each one small command at a time"
        case .pipelined:
            "4 clients, each keeps 16 small commands outstanding"
        case .big200KiB:
            "1 client, one reply of 200 KiB at a time"
        case .big1MiB:
            "1 client, one reply of 1 MiB at a time"
        case .events:
            "64 clients, each receives bursts of 100 events; latency is that of a whole burst to all"
        case .idle:
            "\(Self.idleClients) clients, silent; growth of the contender's own memory (PSS), less is better"
        }
    }

    var unit: String {
        switch self {
        case .pingpong, .clients, .pipelined:
            "commands/s"
        case .big200KiB, .big1MiB:
            "replies/s"
        case .events:
            "deliveries/s"
        case .idle:
            "KiB per idle client"
        }
    }

    /// Contenders that can have a figure: with nothing between there is no memory to measure, and the simple relay has
    /// one client at a time.
    func takes(_ contender: Contender) -> Bool {
        switch contender {
        case .direct: self != .idle
        case .tee, .recordingTee: self == .pingpong || self == .big200KiB || self == .big1MiB
        case .socat, .haproxy, .python, .proxy, .recordingProxy, .pluginsProxy, .execProxy, .verdictProxy: true
        }
    }
}

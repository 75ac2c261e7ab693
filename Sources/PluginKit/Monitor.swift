public import QMP

/// One of the monitors that a plugin speaks with.
public enum MonitorID: Sendable, Hashable, CustomStringConvertible {
    /// The one that the clients share.
    case own
    /// One that the plugin has connected by ``PluginContext/connect(monitor:at:)``, by the name it gave it.
    case second(String)

    /// `monitor`, or `monitor` and the name, as in recordings.
    public var description: String {
        switch self {
        case .own: "monitor"
        case .second(let name): "monitor \(name)"
        }
    }
}

/// How a monitor is.
public enum MonitorPhase: Sendable, Equatable {
    /// It cannot be reached; it is tried again by itself.
    case unreachable(reason: String)
    /// It is connected and has said nothing yet: QEMU may be serving somebody else, or be about to greet.
    case silent
    /// It takes commands.
    case ready(Greeting)
    /// The connection is gone; it is tried again by itself.
    case gone(reason: String)
}

/// An event, as the plugins before this one left it.
public struct MonitorEvent: Sendable, Equatable {
    /// Its name, such as `STOP`.
    public let name: String
    /// The bytes, as the monitor said them or a plugin put them.
    public let bytes: Bytes

    /// An event.
    public init(name: String, bytes: Bytes) {
        self.name = name
        self.bytes = bytes
    }

    /// The whole event, parsed each time that it is asked for.
    public var value: JSONValue { (try? JSONValue(parsing: bytes)) ?? .null }

    /// The member `data`; `null` if there is none.
    public var data: JSONValue { value["data"] ?? .null }
}

/// What a monitor has replied to a client's command, as the plugins before this one left it.
public struct MonitorReply: Sendable, Equatable {
    /// The reply as the monitor said it, with the proxy's id; or as a plugin put it, with the client's.
    public let bytes: Bytes
    /// Whether it is an error.
    public let isError: Bool

    /// A reply.
    public init(bytes: Bytes, isError: Bool) {
        self.bytes = bytes
        self.isError = isError
    }

    /// What it says, parsed each time that it is asked for.
    public var answer: Answer {
        let value = (try? JSONValue(parsing: bytes)) ?? .null
        guard isError else { return .success(value["return"] ?? .null) }
        let name = value["error"]?["class"]?.string ?? ""
        let errorClass = ProtocolError.Class(rawValue: name) ?? .generic
        return .failure(ProtocolError(errorClass, value["error"]?["desc"]?.string ?? ""))
    }
}

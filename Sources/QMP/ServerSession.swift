/// One client's session with a monitor, as QEMU plays it: greeting, negotiation, and what depends on that
/// (monitor/qmp.c, monitor/qmp-cmds-control.c).
public struct ServerSession: Sendable, Equatable {
    /// What becomes of a message.
    public enum Decision: Sendable, Equatable {
        /// It is answered here.
        case answer(Bytes)
        /// It goes on.
        case command(Command)
    }

    /// What the client was greeted with.
    public let greeting: Greeting
    /// Whether the client has negotiated: from then on it gets events.
    public private(set) var isNegotiated = false
    /// Whether the client may execute out-of-band.
    public private(set) var hasOutOfBand = false

    /// A session that begins with a greeting.
    public init(greeting: Greeting) {
        self.greeting = greeting
    }

    /// What becomes of a message of the client's.
    public mutating func decide(_ message: Message) -> Decision {
        let name: String
        do throws(ProtocolError) {
            name = try message.commandName(allowsOutOfBand: hasOutOfBand)
        } catch {
            // What depends on this client's own negotiation is answered here, the rest by QEMU in its own words.
            let isOurs = !isNegotiated || (!hasOutOfBand && message["exec-oob"] != nil)
            return isOurs ? answer(error, to: message) : .command(command(message, name: nil))
        }
        let command = command(message, name: name)
        if name == "qmp_capabilities", !command.isOutOfBand {
            return answer(to: message) { (session: inout Self) throws(ProtocolError) in
                try session.negotiate(command.arguments)
            }
        }
        return isNegotiated ? .command(command) : answer(.negotiationExpected, to: message)
    }

    /// An error reply to a message, with its id.
    public func failure(_ error: ProtocolError, to message: Message?) -> Bytes {
        let id = message.flatMap { message in message["id"].map(message.value(of:)) }
        return Reply.failure(error, id: id, isPretty: greeting.isPretty)
    }

    private func command(_ message: Message, name: String?) -> Command {
        // `qmp_is_oob`: both members together are an in-band command with a wrong envelope.
        let isOutOfBand = hasOutOfBand && message["exec-oob"] != nil && message["execute"] == nil
        return Command(message: message, name: name, isOutOfBand: isOutOfBand)
    }

    private func answer(_ error: ProtocolError, to message: Message) -> Decision {
        .answer(failure(error, to: message))
    }

    private mutating func answer(
        to message: Message,
        _ body: (inout Self) throws(ProtocolError) -> Void
    ) -> Decision {
        do throws(ProtocolError) {
            try body(&self)
        } catch {
            return answer(error, to: message)
        }
        let id = message["id"].map(message.value(of:))
        return .answer(Reply.success(.object([]), id: id, isPretty: greeting.isPretty))
    }

    /// `qmp_capabilities`: arguments by schema first, then the state, then what is offered.
    private mutating func negotiate(_ arguments: [JSONValue.Member]) throws(ProtocolError) {
        let enabled = try Self.capabilities(in: arguments)
        guard !isNegotiated else { throw .negotiationComplete }
        let unavailable = enabled.filter { !greeting.capabilities.contains($0) }
        guard unavailable.isEmpty else {
            throw ProtocolError(.generic, "Capability \(unavailable.joined(separator: ", ")) not available")
        }
        isNegotiated = true
        hasOutOfBand = enabled.contains("oob")
    }

    /// The list `enable`, checked as QEMU's generated visitor does.
    private static func capabilities(in arguments: [JSONValue.Member]) throws(ProtocolError) -> [String] {
        var enabled: [String] = []
        if let enable = JSONValue.object(arguments)["enable"] {
            guard let elements = enable.array else {
                throw ProtocolError(.generic, "Invalid parameter type for 'enable', expected: array")
            }
            for (index, element) in elements.enumerated() {
                guard let name = element.string else {
                    throw ProtocolError(.generic, "Invalid parameter type for 'enable[\(index)]', expected: string")
                }
                guard name == "oob" else {
                    throw ProtocolError(.generic, "Parameter 'null' does not accept value '\(name)'")
                }
                enabled.append(name)
            }
        }
        if let unexpected = arguments.inHashOrder().first(where: { $0.key != "enable" }) {
            throw ProtocolError(.generic, "Parameter '\(unexpected.key)' is unexpected")
        }
        return enabled
    }
}

import Foundation

extension RawClient {
    static let negotiation = #"{"execute": "qmp_capabilities"}"#
    static let negotiationWithOutOfBand = #"{"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}}"#

    /// Reads the greeting and leaves negotiation mode.
    @discardableResult
    func negotiate(outOfBand: Bool = false) throws -> String {
        let greeting = try readGreeting()
        var reply = try ask(outOfBand ? Self.negotiationWithOutOfBand : Self.negotiation)
        // QEMU sends events from the moment it has negotiated, which may be before it says so.
        while reply.contains("\"timestamp\"") { reply = try readMessage() }
        let success = isPretty ? "{\r\n    \"return\": {\r\n    }\r\n}\r\n" : "{\"return\": {}}\r\n"
        guard reply == success else { throw Failure("the negotiation of \(name) failed: \(reply)") }
        return greeting
    }

    /// Reads the greeting.
    ///
    /// Past the proxy the reply to what an earlier client has asked may come first: QEMU gives it to the next one.
    func readGreeting() throws -> String {
        var message = try readMessage()
        while isDirect, !message.contains("\"QMP\"") { message = try readMessage() }
        return message
    }

    /// Sends a command and returns the next message, its end included.
    func ask(_ command: String, descriptors: [Int32] = []) throws -> String {
        try send(command, descriptors: descriptors)
        return try readMessage()
    }

    /// Reads up to the reply to a command, events among it, as lines.
    func readLines(through mark: String, within limit: Duration = Deadline.patience) throws -> [String] {
        var lines: [String] = []
        repeat { lines.append(try readLine(within: limit)) } while !(lines.last ?? "").contains(mark)
        return lines
    }

    /// The next line that is an event of that name; replies and other events are passed over.
    @discardableResult
    func readEvent(_ name: String) throws -> String {
        try readLines(through: "\"event\": \"\(name)\"").last ?? ""
    }

    /// Waits until the proxy's plugins are as wanted, asked of itself.
    func waitForPlugins(_ areSo: (String) -> Bool) throws {
        var last = ""
        let found = try Deadline().waits {
            last = try ask(#"{"execute": "__org.qmp-proxy_query-plugins"}"#)
            return areSo(last)
        }
        guard found else { throw Failure("the plugins are not as they should be: \(last)") }
    }
}

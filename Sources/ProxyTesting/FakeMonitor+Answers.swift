internal import QMP

/// What QEMU answers to a command: a pure function, so that the client's expectation and the monitor's reply can be
/// compared byte by byte.
extension FakeMonitor {
    static let outOfBandCommands = ["query-yank", "yank", "migrate-pause", "migrate-recover"]
    static let commands = ["stop", "cont", "query-block", "human-monitor-command"] + outOfBandCommands
    static let descriptorCommands = ["getfd", "add-fd"]

    /// The reply to a command.
    ///
    /// - Parameters:
    ///   - value: the command.
    ///   - id: what is echoed.
    ///   - descriptor: the descriptor that was there for it.
    ///   - hasOutOfBand: whether the connection has `oob`.
    ///   - isPretty: whether lines are broken.
    /// - Returns: the reply, its line end included.
    static func answer(
        to value: JSONValue,
        id: JSONValue?,
        descriptor: Int?,
        hasOutOfBand: Bool,
        isPretty: Bool
    ) -> Bytes {
        func failure(_ description: String, _ errorClass: ProtocolError.Class = .generic) -> Bytes {
            Reply.failure(ProtocolError(errorClass, description), id: id, isPretty: isPretty)
        }
        if let wrong = wrongEnvelope(value, hasOutOfBand: hasOutOfBand) { return failure(wrong) }
        let name = value["execute"]?.string ?? value["exec-oob"]?.string ?? ""
        if name == "qmp_capabilities" {
            return failure("Capabilities negotiation is already complete, command ignored", .commandNotFound)
        }
        guard commands.contains(name) || descriptorCommands.contains(name) else {
            return failure("The command \(name) has not been found", .commandNotFound)
        }
        if value["exec-oob"] != nil, !outOfBandCommands.contains(name) {
            return failure("The command \(name) does not support OOB")
        }
        if descriptorCommands.contains(name) {
            if let wrong = wrongDescriptorArguments(value) { return failure(wrong) }
            guard let descriptor else { return failure("No file descriptor supplied via SCM_RIGHTS") }
            let tag = value["arguments"]?["fdname"] ?? value["arguments"]?["opaque"] ?? .null
            let result: JSONValue = .object([
                JSONValue.Member("fd", .integer(Int64(descriptor))), JSONValue.Member("tag", tag),
            ])
            return Reply.success(result, id: id, isPretty: isPretty)
        }
        return Reply.success(result(of: value["arguments"] ?? .null), id: id, isPretty: isPretty)
    }

    /// Whether QEMU, executing this command, takes a descriptor (monitor/fds.c).
    static func takesDescriptor(_ value: JSONValue) -> Bool {
        guard let name = value["execute"]?.string, descriptorCommands.contains(name) else { return false }
        return wrongEnvelope(value, hasOutOfBand: true) == nil && wrongDescriptorArguments(value) == nil
    }

    /// What is wrong with the envelope; only one thing ever is in a simulation.
    static func wrongEnvelope(_ value: JSONValue, hasOutOfBand: Bool) -> String? {
        for member in value.object ?? [] {
            switch member.key {
            case "execute",
                "exec-oob" where hasOutOfBand:
                if member.value.string == nil { return "QMP input member '\(member.key)' must be a string" }
            case "arguments":
                if member.value.object == nil { return "QMP input member 'arguments' must be an object" }
            case "id": break
            default: return "QMP input member '\(member.key)' is unexpected"
            }
        }
        switch (value["execute"], value["exec-oob"]) {
        case (nil, nil): return "QMP input lacks member 'execute'"
        case (.some, .some): return "QMP input member 'execute' clashes with 'exec-oob'"
        case (.some, nil), (nil, .some): return nil
        }
    }

    private static func wrongDescriptorArguments(_ value: JSONValue) -> String? {
        let arguments = value["arguments"]
        let isSet = value["execute"]?.string == "add-fd"
        for member in arguments?.object ?? [] {
            switch member.key {
            case "fdname" where !isSet, "opaque" where isSet:
                guard member.value.string != nil else {
                    return "Invalid parameter type for '\(member.key)', expected: string"
                }
            case "fdset-id" where isSet:
                guard member.value.integer != nil else {
                    return "Invalid parameter type for 'fdset-id', expected: integer"
                }
            default: return "Parameter '\(member.key)' is unexpected"
            }
        }
        return isSet || arguments?["fdname"] != nil ? nil : "Parameter 'fdname' is missing"
    }

    /// A result that tells whose command it was, in some shape or other.
    private static func result(of arguments: JSONValue) -> JSONValue {
        let tag = arguments["tag"] ?? .null
        let padding: JSONValue = .string(String(repeating: "x", count: Int(arguments["padding"]?.integer ?? 0)))
        switch arguments["shape"]?.integer {
        case 1:
            let trap: JSONValue = .string("}, \"id\": [1, 2]}\r\n\\")
            return .array([.object([JSONValue.Member("id", .array([.integer(1), tag]))]), padding, trap])
        case 2: return .string((tag.string ?? "") + "\r\n\", \"id\": 3}\\\"")
        default: return .object([JSONValue.Member("tag", tag), JSONValue.Member("padding", padding)])
        }
    }
}

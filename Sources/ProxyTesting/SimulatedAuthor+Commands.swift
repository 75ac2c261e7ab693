internal import ProxyCore
internal import QMP

/// What a client says once it has negotiated, and what is no document at all.
extension SimulatedAuthor {
    private var world: SimulatedWorld { surroundings.world }

    mutating func commandSpeech() -> SimulatedSpeech {
        switch generator.int(1...100) {
        case 1...14 where hasOutOfBand: return command(isOutOfBand: true, generator.pick(FakeMonitor.outOfBandCommands))
        case 15...30 where world.has(.descriptors): return descriptorCommand()
        case 31...36 where world.has(.statusQueries): return statusQuery()
        case 37...40: return secondNegotiation()
        case 41...46: return wrongEnvelope()
        case 47...49: return command(isOutOfBand: hasOutOfBand && generator.chance(50), "nix")
        case 50...52: return whiteSpace()
        case 53...55 where !hasOutOfBand:
            return answered([("exec-oob", "'yank'")]) { ($0, "QMP input member 'exec-oob' is unexpected", .generic) }
        case 56...58 where hasOutOfBand: return command(isOutOfBand: true, "stop")
        case 59...66 where world.has(.limitDocuments) && world.has(.smallLimits): return nearTheLimit()
        case 67...71 where world.chain != nil: return pluginCommand()
        default: return command(isOutOfBand: false, generator.pick(FakeMonitor.commands))
        }
    }

    // MARK: - Commands

    private mutating func command(isOutOfBand: Bool, _ name: String) -> SimulatedSpeech {
        var arguments = "'tag': '\(tag.text)'"
        if generator.chance(40) { arguments += ", 'shape': \(generator.int(0...2))" }
        if generator.chance(world.has(.largeReplies) ? 30 : 5) {
            arguments += ", 'padding': \(generator.int(0...(world.has(.largeReplies) ? 3000 : 100)))"
        }
        let execute = (isOutOfBand ? "exec-oob" : "execute", "'\(name)'")
        return forwarded([execute, ("arguments", "{\(arguments)}")], isOutOfBand: isOutOfBand)
    }

    /// A document that the monitor answers.
    private mutating func forwarded(
        _ members: [(String, String)],
        isOutOfBand: Bool = false,
        id: String? = nil
    ) -> SimulatedSpeech {
        let (bytes, id) = object(members, id: id)
        let value = (try? JSONValue(parsing: bytes)) ?? .null
        let reply = FakeMonitor.answer(
            to: value,
            id: value["id"],
            descriptor: nil,
            hasOutOfBand: hasOutOfBand,
            isPretty: surroundings.isPretty
        )
        var expectation = SimulatorExpectation(serial: tag.serial, bytes: bytes, id: id, answer: .exactly(reply))
        expectation.isForwarded = true
        expectation.isOutOfBand = isOutOfBand
        return SimulatedSpeech(bytes: bytes, expectations: [(bytes.count, expectation)])
    }

    /// A command that a plugin answers.
    private mutating func pluginCommand() -> SimulatedSpeech {
        let isOutOfBand = hasOutOfBand && generator.chance(15)
        let execute = (isOutOfBand ? "exec-oob" : "execute", "'\(SimulatedPlugin.ownCommand)'")
        return forwarded([execute, ("arguments", "{'tag': '\(tag.text)'}")], isOutOfBand: isOutOfBand)
    }

    private mutating func descriptorCommand() -> SimulatedSpeech {
        let isStrange = world.has(.strangeDescriptors) && generator.chance(30)
        let right: [[(String, String)]] = [
            [("execute", "'getfd'"), ("arguments", "{'fdname': '\(tag.text)'}")],
            [("execute", "'add-fd'"), ("arguments", "{'opaque': '\(tag.text)'}")],
            [("arguments", "{'fdset-id': 1, 'opaque': '\(tag.text)'}"), ("execute", "\"add\\u002dfd\"")],
        ]
        let wrong: [[(String, String)]] = [
            [("execute", "'getfd'"), ("arguments", "{'fdname': 1, 'tag': '\(tag.text)'}")],
            [("execute", "'getfd'"), ("arguments", "{'tag': '\(tag.text)'}")],
            [("execute", "'add-fd'"), ("arguments", "{'fdset-id': 'x', 'opaque': '\(tag.text)'}")],
            [("execute", "'add-fd'"), ("arguments", "{'opaque': '\(tag.text)'}"), ("bogus", "1")],
        ]
        var members = generator.pick(isStrange ? wrong : right)
        let isOutOfBand = hasOutOfBand && world.has(.outOfBandDescriptors) && generator.chance(25)
        if isOutOfBand, !isStrange {
            members = [("exec-oob", "'getfd'"), ("arguments", "{'fdname': '\(tag.text)'}")]
        }
        var speech = forwarded(members, isOutOfBand: isOutOfBand && !isStrange)
        if generator.chance(80) {
            speech.descriptors = generator.int(1...3)
            speech.descriptorsPlaceMax = speech.bytes.count - 1
        }
        return speech
    }

    private mutating func wrongEnvelope() -> SimulatedSpeech {
        let tagged = ("arguments", "{'tag': '\(tag.text)'}")
        let id = "\"\(tag.text)\""
        switch generator.int(0...4) {
        case 0: return forwarded([("execute", "'stop'"), tagged, ("bogus", "[]")])
        case 1: return forwarded([("execute", "null"), tagged])
        case 2: return forwarded([("execute", "'stop'"), ("arguments", "'\(tag.text)'")])
        case 3 where hasOutOfBand: return forwarded([("execute", "'stop'"), ("exec-oob", "'yank'"), tagged])
        default: return forwarded([], id: id)
        }
    }

    /// So large that the proxy's own id may not fit any more.
    private mutating func nearTheLimit() -> SimulatedSpeech {
        let hasID = generator.chance(60)
        let head =
            "{\"execute\":\"stop\"," + (hasID ? "\"id\":\"\"," : "")
            + "\"arguments\":{\"tag\":\"\(tag.text)\",\"x\":\""
        let tail = "\"}}"
        let space = surroundings.limits.tokenBytesMax - generator.pick([1, 1, 3, 6, 9, 30]) - (head + tail).utf8.count
        let bytes = Bytes(text: head + String(repeating: "y", count: space) + tail)
        let start = "{\"execute\":\"stop\",\"id\":".utf8.count
        let value = (try? JSONValue(parsing: bytes)) ?? .null
        let reply = FakeMonitor.answer(
            to: value,
            id: value["id"],
            descriptor: nil,
            hasOutOfBand: hasOutOfBand,
            isPretty: surroundings.isPretty
        )
        var expectation = SimulatorExpectation(
            serial: tag.serial,
            bytes: bytes,
            id: hasID ? start..<start + 2 : nil,
            answer: .exactly(reply)
        )
        expectation.isForwarded = true
        expectation.mayBeTooLarge = true
        return SimulatedSpeech(bytes: bytes, expectations: [(bytes.count, expectation)])
    }

    // MARK: - What the proxy answers itself

    private mutating func statusQuery() -> SimulatedSpeech {
        var speech = answered([("execute", "'__org.qmp-proxy_query-status'")]) { ($0, nil, .generic) }
        let old = speech.expectations[0].expectation
        speech.expectations[0].expectation = SimulatorExpectation(
            serial: old.serial,
            bytes: old.bytes,
            id: old.id,
            answer: .status(id: old.idValue)
        )
        return speech
    }

    private mutating func secondNegotiation() -> SimulatedSpeech {
        answered([("execute", "'qmp_capabilities'")]) { id in
            (id, "Capabilities negotiation is already complete, command ignored", .commandNotFound)
        }
    }

    private mutating func whiteSpace() -> SimulatedSpeech {
        SimulatedSpeech(bytes: Bytes(text: generator.pick([" ", "\r\n", "\t\n  ", "\n\n\n"])))
    }

    // MARK: - What is no document

    /// Bytes that are wrong, with the end of what is read when the error is told, and the error.
    mutating func broken() -> SimulatedSpeech {
        let expecting = "JSON parse error, expecting value"
        let notAnObject = "QMP input must be a JSON object"
        let cases: [([UInt8], [(Int, String)])] = [
            (Array("]".utf8), [(1, expecting)]),
            (Array("}:,".utf8), [(1, expecting), (2, expecting), (3, expecting)]),
            (Array("[}".utf8), [(2, expecting)]),
            (Array("@ skipped\n".utf8), [(1, "JSON parse error, stray '@'")]),
            ([0xFF, 0x0A], [(1, "JSON parse error, stray '\u{FFFD}'")]),
            (Array("{'a': 'x\u{1}\n".utf8), [(9, "JSON parse error, stray ''x\u{1}'")]),
            (Array("{\"execute\" \"stop\"}".utf8), [(18, "JSON parse error, missing : in object pair")]),
            (Array("[1,]".utf8), [(4, expecting)]),
            (Array("{\"a\":1,\"\\u0061\":2}".utf8), [(18, "JSON parse error, duplicate key")]),
            (Array("\"execute\"".utf8), [(9, notAnObject)]),
            (Array("[{\"execute\":\"stop\"}]".utf8), [(20, notAnObject)]),
            (Array("nope ".utf8), [(5, "JSON parse error, invalid keyword 'nope'")]),
            (Array("12 ".utf8), [(3, notAnObject)]),
            (Array("{'execute': 'st\\op'}".utf8), [(20, "JSON parse error, invalid escape sequence in string")]),
        ]
        let (bytes, errors) = generator.pick(cases)
        return invalid(bytes, errors)
    }

    /// Bytes that cross a limit.
    mutating func aboveLimits() -> SimulatedSpeech {
        let limits = surroundings.limits
        guard world.has(.smallLimits) else {
            let depth = limits.nestingMax + 1
            return invalid(Array(repeating: 0x5B, count: depth), [(depth, "JSON nesting depth limit exceeded")])
        }
        switch generator.int(0...2) {
        case 0:
            let depth = limits.nestingMax + 1
            let text = Array(repeating: UInt8(ascii: "["), count: depth) + Array("]]".utf8)
            let expecting = "JSON parse error, expecting value"
            return invalid(
                text,
                [(depth, "JSON nesting depth limit exceeded"), (depth + 1, expecting), (depth + 2, expecting)]
            )
        case 1:
            let text = "[" + String(repeating: "''", count: limits.tokensMax)
            return invalid(Array(text.utf8), [(text.utf8.count, "JSON token count limit exceeded")])
        default:
            let text = "['" + String(repeating: "x", count: limits.tokenBytesMax - 3) + "'"
            return invalid(Array(text.utf8), [(text.utf8.count, "JSON token size limit exceeded")])
        }
    }

    private func invalid(_ bytes: [UInt8], _ errors: [(Int, String)]) -> SimulatedSpeech {
        SimulatedSpeech(
            bytes: bytes[...],
            expectations: errors.map { end, error in
                (end, SimulatorExpectation(error: error, isPretty: surroundings.isPretty))
            }
        )
    }
}

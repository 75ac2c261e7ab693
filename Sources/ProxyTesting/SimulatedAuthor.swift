internal import ProxyCore
internal import QMP

/// Something a client says: bytes, and what must be answered.
struct SimulatedSpeech {
    var bytes: Bytes
    /// What must be answered once so many of the bytes are read.
    var expectations: [(end: Int, expectation: SimulatorExpectation)] = []
    /// How many descriptors come with it, and with which byte at most.
    var descriptors = 0
    var descriptorsPlaceMax = 0
    var enablesOutOfBand = false
}

/// Makes up what a client says.
struct SimulatedAuthor {
    let surroundings: FakeClient.Surroundings
    var generator: SeededGenerator
    let tag: SimulatorTag
    var isNegotiated = false
    var hasOutOfBand = false

    private var world: SimulatedWorld { surroundings.world }

    init(surroundings: FakeClient.Surroundings, generator: SeededGenerator, tag: SimulatorTag) {
        self.surroundings = surroundings
        self.generator = generator
        self.tag = tag
    }

    /// The next thing to say.
    mutating func speech(neverNegotiates: Bool) -> SimulatedSpeech {
        if world.has(.brokenDocuments), generator.chance(12) { return broken() }
        if world.has(.limitDocuments), generator.chance(8) { return aboveLimits() }
        var speech = isNegotiated ? commandSpeech() : earlySpeech(neverNegotiates)
        if world.has(.strangeDescriptors), speech.descriptors == 0, generator.chance(10) {
            speech.descriptors = generator.int(1...3)
            speech.descriptorsPlaceMax = speech.bytes.count - 1
        }
        return speech
    }

    // MARK: - Negotiation

    /// What is said before the negotiation is done.
    private mutating func earlySpeech(_ neverNegotiates: Bool) -> SimulatedSpeech {
        if neverNegotiates || (world.has(.negotiationTrouble) && generator.chance(30)) { return failedNegotiation() }
        let asksOutOfBand = world.has(.outOfBand) && generator.chance(60)
        let enable = asksOutOfBand ? ["'enable': ['oob']"] : generator.pick([[], ["'enable': []"]])
        guard surroundings.offersOutOfBand || !asksOutOfBand else {
            return answered([("execute", "'qmp_capabilities'"), ("arguments", "{\(enable[0])}")]) {
                ($0, "Capability oob not available", .generic)
            }
        }
        let arguments = enable.map { ("arguments", "{\($0)}") }
        var speech = answered([("execute", "'qmp_capabilities'")] + arguments) { id in (id, nil, .generic) }
        speech.expectations[0].expectation.negotiates = true
        speech.enablesOutOfBand = asksOutOfBand
        return speech
    }

    /// What is refused in negotiation mode, in QEMU's words.
    private mutating func failedNegotiation() -> SimulatedSpeech {
        let expecting = "Expecting capabilities negotiation with 'qmp_capabilities'"
        let capabilities = ("execute", "\"qmp_capabilities\"")
        let cases: [([(String, String)], String, ProtocolError.Class)] = [
            ([("execute", "'stop'"), ("arguments", "{'tag': '\(tag.text)'}")], expecting, .commandNotFound),
            ([("execute", "'__org.qmp-proxy_query-status'")], expecting, .commandNotFound),
            ([("execute", "'getfd'"), ("arguments", "{'fdname': '\(tag.text)'}")], expecting, .commandNotFound),
            ([("exec-oob", "'yank'")], "QMP input member 'exec-oob' is unexpected", .generic),
            ([("execute", "7")], "QMP input member 'execute' must be a string", .generic),
            ([("bogus", "7")], "QMP input member 'bogus' is unexpected", .generic),
            ([], "QMP input lacks member 'execute'", .generic),
            (
                [capabilities, ("arguments", "{'enable': ['nope']}")],
                "Parameter 'null' does not accept value 'nope'", .generic
            ),
            (
                [capabilities, ("arguments", "{'enable': 'oob'}")],
                "Invalid parameter type for 'enable', expected: array", .generic
            ),
            ([capabilities, ("arguments", "{'x': 1}")], "Parameter 'x' is unexpected", .generic),
            ([capabilities, ("arguments", "null")], "QMP input member 'arguments' must be an object", .generic),
        ]
        let (members, error, errorClass) = generator.pick(cases)
        return answered(members) { id in (id, error, errorClass) }
    }

    /// A document that the proxy answers: with an error, or with nothing but success.
    mutating func answered(
        _ members: [(String, String)],
        _ answer: (JSONValue?) -> (id: JSONValue?, error: String?, errorClass: ProtocolError.Class)
    ) -> SimulatedSpeech {
        let (bytes, id) = object(members)
        let value = id.flatMap { try? JSONValue(parsing: bytes[$0]) }
        let (echo, error, errorClass) = answer(value)
        let isPretty = surroundings.isPretty
        let reply =
            error.map { Reply.failure(ProtocolError(errorClass, $0), id: echo, isPretty: isPretty) }
            ?? Reply.success(.object([]), id: echo, isPretty: isPretty)
        let expectation = SimulatorExpectation(serial: tag.serial, bytes: bytes, id: id, answer: .exactly(reply))
        return SimulatedSpeech(bytes: bytes, expectations: [(bytes.count, expectation)])
    }

    // MARK: - Text

    /// An object of members in any order, perhaps with an id, quotes and white space as it comes.
    mutating func object(_ members: [(String, String)], id: String? = nil) -> (bytes: Bytes, id: Range<Int>?) {
        var members = members
        if let id = id ?? someID() { members.insert(("id", id), at: generator.int(0...members.count)) }
        let space = generator.chance(30) ? generator.pick([" ", "\r\n", "\t", "  \n"]) : ""
        var text: [UInt8] = Array("{\(space)".utf8)
        var range: Range<Int>?
        for (index, (key, value)) in members.enumerated() {
            if index > 0 { text += ",\(space)".utf8 }
            text += (generator.chance(80) ? "\"\(key)\"" : "'\(key)'").utf8
            text += "\(space):\(space)".utf8
            let start = text.count
            text += value.utf8
            if key == "id" { range = start..<text.count }
            text += space.utf8
        }
        text += "}".utf8
        return (text[...], range)
    }

    private mutating func someID() -> String? {
        guard world.has(.strangeIDs) else { return generator.chance(60) ? "\(generator.int(1...3))" : nil }
        if generator.chance(7), !surroundings.isPretty || surroundings.limits.nestingMax < 100 {
            let depth = surroundings.limits.nestingMax - generator.int(1...3)
            return String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        return generator.pick([
            nil, nil, "7", "-1", "-0", "18446744073709551615", "1e400", "0.1", "1.0", "\"text\"", "'it\\'s'", "null",
            "\"\\u00e9\\ud83d\\ude00\\u0000\"", "true", "[]", "{}", "[ 3 ]", "[3, 4]", "[[2, 7]]", "\"ours\"",
            "[\"ours\"]",
            "{'b': 1, \"a\": [0.5, null], 'c':{'d':'e', 'f': {}}}", "\"}, \\\"id\\\": 3}\"", "'\"'", "\"\\\\\"",
        ])
    }
}

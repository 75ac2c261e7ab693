/// Makes what a client may send: good commands, wrong ones, and bytes that are none.
///
/// Nothing it makes changes the state of a QEMU, so that two of them stay the same.
struct InputGenerator {
    var random: SplitMix64

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
    }

    /// One input of a session: mostly one document, or what was meant to be one.
    mutating func input() -> [UInt8] {
        switch number(below: 21) {
        case 0..<5: return envelope()
        case 5..<9: return mutated(envelope())
        case 9..<11: return mutated(mutated(mutated(envelope())))
        case 11: return value(depth: 4)
        case 12: return mutated(value(depth: 4))
        case 13: return rawBytes()
        case 14..<16: return tokens()
        case 16: return envelope() + whiteSpace() + mutated(envelope()) + whiteSpace() + envelope()
        case 17: return mutated(envelope()) + envelope()
        case 18: return envelope(id: deepValue())
        case 19: return (0..<number(below: 30)).flatMap { _ in oneIn(30) ? mutated(envelope()) : envelope() }
        default: return commandOfThisConnection()
        }
    }

    // MARK: - Envelopes

    /// An object with `execute` and whatever else, in any order.
    mutating func envelope(id: [UInt8]? = nil) -> [UInt8] {
        var members: [[UInt8]] = []
        let (name, arguments) = command()
        if oneIn(12) {
            members.append(member("execute", value(depth: 2)))
        } else if !oneIn(15) {
            members.append(member(oneIn(6) ? "exec-oob" : "execute", string(name)))
        }
        if oneIn(25) { members.append(member(oneIn(2) ? "exec-oob" : "execute", string(name))) }
        if !arguments.isEmpty, !oneIn(10) {
            members.append(member("arguments", Array(arguments.utf8)))
        } else if oneIn(4) {
            members.append(member("arguments", oneIn(3) ? value(depth: 2) : object(depth: 2)))
        }
        if let id {
            members.append(member("id", id))
        } else if !oneIn(3) {
            members.append(member("id", value(depth: 3)))
        }
        while oneIn(10) { members.append(member(memberName(), value(depth: 2))) }
        return wrapped(members.shuffled(using: &random), "{", "}")
    }

    /// What depends on the connection that it is said on.
    mutating func commandOfThisConnection() -> [UInt8] {
        let enable = pick([
            "", #""enable":["oob"]"#, #""enable":[]"#, #""enable":["oob","oob"]"#, #""enable":["foo"]"#,
            #""enable":"oob""#, #""enable":null"#, #""enable":["oob",1]"#, #""enable":[{}],"x":1"#, #""oob":true"#,
        ])
        let id = oneIn(2) ? "" : #","id":[1,{"a":"#
        let end = id.isEmpty ? "" : "2}]"
        let name = oneIn(8) ? "exec-oob" : "execute"
        let text = "{\"\(name)\":\"qmp_capabilities\",\"arguments\":{\(enable)}\(id)\(end)}"
        return oneIn(4) ? mutated(Array(text.utf8)) : Array(text.utf8)
    }

    /// A command and arguments for it that are right, wrong, or none.
    private mutating func command() -> (name: String, arguments: String) {
        pick([
            ("query-name", ""), ("query-uuid", ""), ("query-status", ""), ("query-version", ""), ("query-yank", ""),
            ("query-iothreads", ""), ("query-kvm", ""), ("query-block-jobs", ""), ("query-memory-devices", ""),
            ("query-migrate", ""), ("query-name", #"{"a":1}"#), ("query-uuid", "{}"), ("query-replay", ""),
            ("qom-list", #"{"path":"/chardevs"}"#), ("qom-list", #"{"path":"/nowhere"}"#), ("qom-list", #"{"path":1}"#),
            ("qom-list", "{}"), ("qom-get", #"{"path":"/","property":"type"}"#), ("qom-get", #"{"path":"/"}"#),
            ("device-list-properties", #"{"typename":"pc-dimm"}"#), ("device-list-properties", #"{"typename":""}"#),
            ("object-del", #"{"id":"none"}"#), ("object-add", #"{"qom-type":"none","id":"x"}"#),
            ("device_del", #"{"id":"none"}"#), ("closefd", #"{"fdname":"none"}"#), ("getfd", #"{"fdname":"d"}"#),
            ("add-fd", #"{"fdset-id":1}"#), ("add-fd", ""), ("remove-fd", #"{"fdset-id":7}"#), ("query-fdsets", ""),
            ("query-colo-status", ""), ("migrate-pause", ""), ("migrate-recover", #"{"uri":"tcp:127.0.0.1:1"}"#),
            ("yank", #"{"instances":[]}"#), ("yank", #"{"instances":[{"type":"foo"}]}"#), ("query-rocker", "{}"),
            ("human-monitor-command", #"{"command-line":"info version"}"#), ("foo", ""), ("", ""), ("é\u{0}", ""),
            ("human-monitor-command", #"{"command-line":"frobnicate\u00e9"}"#), ("query-status", "null"),
            ("query-tpm-types", ""), ("query-gic-capabilities", "[]"), ("query-pr-managers", ""),
            ("x-exit-preconfig", ""), ("query-named-block-nodes", #"{"flat":"yes"}"#), ("qmp_capabilities", "{}"),
        ])
    }

    private mutating func memberName() -> String {
        pick([
            "foo", "a", "", "QMP", "id2", "return", "error", "Execute", "exec_oob", "control", "é", "timestamp", "x y",
        ])
    }

    // MARK: - Pieces

    mutating func member(_ name: String, _ value: [UInt8]) -> [UInt8] {
        string(name) + whiteSpace() + [0x3A] + whiteSpace() + value
    }

    mutating func wrapped(_ elements: [[UInt8]], _ start: String, _ end: String) -> [UInt8] {
        var bytes = Array(start.utf8) + whiteSpace()
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes += [0x2C] + whiteSpace() }
            bytes += element + whiteSpace()
        }
        return bytes + Array(end.utf8)
    }

    mutating func whiteSpace() -> [UInt8] {
        guard oneIn(6) else { return [] }
        return (0...number(below: 3)).map { _ in pick([0x20, 0x09, 0x0A, 0x0D]) }
    }

    // MARK: - Chance

    mutating func number(below end: Int) -> Int { Int.random(in: 0..<end, using: &random) }

    mutating func oneIn(_ count: Int) -> Bool { number(below: count) == 0 }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[number(below: elements.count)] }
}

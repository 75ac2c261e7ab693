internal import ProxyCore
internal import QMP

/// A model of QEMU's monitor: it reads, executes and answers as QEMU does, and complains of what the proxy has promised
/// not to do.
///
/// In-band commands are executed one at a time in the order of arrival, out-of-band ones at once. Without `oob` it
/// reads nothing more until it has answered, with `oob` it reads ahead, up to eight commands, and then descriptors
/// replace each other (monitor/qmp.c, chardev/char-socket.c). A command that runs when the connection goes is answered
/// on the next one.
struct FakeMonitor {
    /// Something it says.
    struct Output {
        enum Kind {
            case greeting
            case negotiated
            /// The reply to the command of that number.
            case reply(Int)
            case event
            /// What is no message of a monitor.
            case nonsense
        }

        let kind: Kind
        let bytes: Bytes
    }

    private struct Request {
        let value: JSONValue
        let connection: Int
    }

    let offersOutOfBand: Bool
    let isPretty: Bool
    private let limits: ProxyLimits
    private var decoder: FrameDecoder
    private var queue: [Request] = []
    private var running: Request?
    /// How many commands were begun; the one that runs has that number.
    private(set) var executions = 0
    private var isNegotiated = false
    private var hasOutOfBand = false
    /// The descriptors that came last and that no command has taken.
    private var pending: [DescriptorToken] = []
    private(set) var connection = 0
    private(set) var isConnected = false
    private(set) var isGreeted = false
    private var numbers: Set<Int> = []
    private var events = 0
    /// What it has said since this was last emptied.
    var outputs: [Output] = []
    /// What the proxy did wrong first.
    private(set) var complaint: String?

    init(offersOutOfBand: Bool, isPretty: Bool, limits: ProxyLimits) {
        self.offersOutOfBand = offersOutOfBand
        self.isPretty = isPretty
        self.limits = limits
        decoder = FrameDecoder(limits: limits.documents)
    }

    // MARK: - Connections

    mutating func connected() {
        connection += 1
        isConnected = true
    }

    mutating func greet() {
        isGreeted = true
        let numbers: JSONValue = .object(["micro", "minor", "major"].map { JSONValue.Member($0, .integer(7)) })
        let version: JSONValue = .object([
            JSONValue.Member("qemu", numbers), JSONValue.Member("package", .string("simulated \(connection)")),
        ])
        let greeting: JSONValue = .object([
            JSONValue.Member("version", version),
            JSONValue.Member("capabilities", .array(offersOutOfBand ? [.string("oob")] : [])),
        ])
        say(.greeting, .object([JSONValue.Member("QMP", greeting)]))
    }

    /// Says what no QMP monitor says.
    mutating func speakNonsense() {
        isGreeted = true
        outputs.append(Output(kind: .nonsense, bytes: Bytes(text: "QEMU 7.2.22 monitor - type 'help'\r\n(qemu) ")))
    }

    /// What is queued is dropped, what runs goes on (monitor/qmp.c, `monitor_qmp_event`).
    mutating func disconnected() {
        isConnected = false
        isGreeted = false
        isNegotiated = false
        hasOutOfBand = false
        decoder = FrameDecoder(limits: limits.documents)
        queue = []
        pending = []
        outputs = []
    }

    mutating func died() {
        disconnected()
        running = nil
        numbers = []
    }

    mutating func emitEvent(padding: Int) {
        guard isNegotiated else { return }
        events += 1
        let data: JSONValue = .object([
            JSONValue.Member("number", .integer(Int64(events))),
            JSONValue.Member("padding", .string(String(repeating: "e", count: padding))),
        ])
        let seconds = JSONValue.Member("seconds", .integer(Int64(events)))
        say(
            .event,
            .object([
                JSONValue.Member("timestamp", .object([seconds, JSONValue.Member("microseconds", .integer(0))])),
                JSONValue.Member("event", .string("STOP")), JSONValue.Member("data", data),
            ])
        )
    }

    private mutating func say(_ kind: Output.Kind, _ value: JSONValue) {
        outputs.append(Output(kind: kind, bytes: value.written(isPretty: isPretty) + [0x0D, 0x0A]))
    }

    private mutating func complain(_ text: String) {
        if complaint == nil { complaint = "upstream: \(text)" }
    }

    // MARK: - Reading

    private var outstanding: Int { queue.count + (running?.connection == connection ? 1 : 0) }

    /// Whether it reads at all at the moment.
    var reads: Bool { isConnected && isGreeted && (hasOutOfBand ? queue.count < 8 : outstanding == 0) }

    /// Whether a command waits to be executed and none is.
    var isReadyToExecute: Bool { running == nil && !queue.isEmpty }

    /// Whether it executes something.
    var isExecuting: Bool { running != nil }

    /// Whether what it has read ends with the end of a document.
    var isBetweenDocuments: Bool { decoder.bytesHeld == 0 }

    /// Takes bytes; descriptors came with the first of them and replace those that nobody took.
    mutating func read(_ bytes: Bytes, _ descriptors: [DescriptorToken]) {
        if !descriptors.isEmpty { pending = descriptors }
        decoder.append(bytes)
        readOn()
    }

    /// Whether it has looked at all it has read.
    var hasReadAll: Bool { decoder.isExhausted }

    /// Looks at what it has read, as far as it may.
    mutating func readOn() {
        while reads, let frame = decoder.next() {
            guard case .message(let message) = frame, let value = try? JSONValue(parsing: message.bytes) else {
                return complain("no whole valid object, but \(frame)")
            }
            take(value)
        }
    }

    private mutating func take(_ value: JSONValue) {
        guard let id = value["id"] else { return complain("a command without id") }
        let request = Request(value: value, connection: connection)
        guard isNegotiated else {
            guard value["execute"]?.string == "qmp_capabilities", queue.isEmpty else {
                return complain("a command before the negotiation")
            }
            return queue.append(request)
        }
        guard let number = Self.number(of: id), numbers.insert(number).inserted else {
            return complain("an id that is none of the proxy's, or comes twice: \(id)")
        }
        if hasOutOfBand, value["exec-oob"] != nil, value["execute"] == nil {
            return answer(request)
        }
        queue.append(request)
        let most = hasOutOfBand ? limits.inBandInFlightMax : limits.inBandInFlightWithoutOutOfBandMax
        if outstanding > most { complain("\(outstanding) in-band commands outstanding, \(most) are the most") }
    }

    /// The proxy's number in an id: `[N, …]`, `[N]` or `N`.
    private static func number(of id: JSONValue) -> Int? {
        let first: JSONValue? = if case .array(let parts) = id, parts.count <= 2 { parts.first } else { id }
        return first?.integer.map { Int($0) }
    }

    // MARK: - Executing

    /// Begins with the next command.
    ///
    /// - Returns: whether it takes time; the negotiation does not.
    mutating func begin() -> Bool {
        let request = queue.removeFirst()
        executions += 1
        guard isNegotiated else {
            negotiate(request)
            return false
        }
        running = request
        return true
    }

    /// The command that runs is done.
    mutating func end() {
        guard let request = running else { return }
        running = nil
        if isConnected, isGreeted { answer(request) }
    }

    private mutating func negotiate(_ request: Request) {
        let enabled = request.value["arguments"]?["enable"]?.array?.compactMap(\.string) ?? []
        guard enabled.allSatisfy({ $0 == "oob" && offersOutOfBand }) else {
            return complain("a negotiation for what is not offered")
        }
        isNegotiated = true
        hasOutOfBand = !enabled.isEmpty
        let bytes = Reply.success(.object([]), id: request.value["id"], isPretty: isPretty)
        outputs.append(Output(kind: .negotiated, bytes: bytes))
    }

    private mutating func answer(_ request: Request) {
        guard let id = request.value["id"], let number = Self.number(of: id) else { return }
        var descriptor: DescriptorToken?
        if Self.takesDescriptor(request.value) {
            descriptor = pending.first
            pending = []
        }
        let bytes = Self.answer(
            to: request.value,
            id: id,
            descriptor: descriptor?.number,
            hasOutOfBand: request.connection == connection ? hasOutOfBand : true,
            isPretty: isPretty
        )
        outputs.append(Output(kind: .reply(number), bytes: bytes))
    }
}

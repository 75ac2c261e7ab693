internal import Glibc
public import Libevent
public import QMP

/// A client of a monitor for a program that has nothing else to do: it asks, and waits for the answer.
///
/// Only one of a process can be there at a time, since SIGINT and SIGTERM end its waiting.
public final class MonitorClient {
    /// Why there is no answer, in a line for a person.
    public struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        /// The line.
        public let description: String
        /// Whether SIGINT or SIGTERM has come; then nothing is wrong.
        public var isInterruption = false
    }

    /// What a command was answered.
    public enum Answer: Sendable, Equatable {
        /// The value of `return`, as it was written.
        case returned(Bytes)
        /// The class and the description of an error.
        case failed(errorClass: String, description: String)
    }

    /// How long anything may take that is answered at once.
    ///
    /// 10 s: the plugin answers at once, what waits before it may take seconds, and people do not wait longer.
    private static let patience = Duration.seconds(10)

    private let address: Address
    private let loop: EventLoop
    private var signals: [SignalWatch] = []
    private var connector: Connector?
    private var connection: Connection?
    private var decoder = MonitorDecoder()
    private var hasGreeting = false
    private var reply: Bytes?
    /// Why it cannot go on.
    private var failure: Failure?

    /// Connects and negotiates, without out-of-band execution.
    ///
    /// - Throws: ``Failure``, or `SystemError` when there is no event loop to be had.
    public init(to address: Address) throws {
        ProxyService.prepareProcess()
        self.address = address
        loop = try EventLoop()
        for number in [SIGINT, SIGTERM] {
            signals.append(
                try SignalWatch(signal: number, loop: loop) { [unowned self] in
                    fail(Failure(description: "interrupted", isInterruption: true))
                }
            )
        }
        connector = Connector(to: address, loop: loop) { [unowned self] in connected($0) }
        try wait(for: "nobody answers at \(address)") { connection != nil }
        // QEMU greets one client at a time, the proxy none before QEMU has greeted it.
        try wait(for: "\(address) does not greet: perhaps its QEMU is not there, or serves another client") {
            hasGreeting
        }
        if case .failed(_, let description) = try ask(Command("qmp_capabilities")) {
            throw Failure(description: "\(address) refuses to negotiate: \(description)")
        }
    }

    /// Has a command executed.
    ///
    /// - Returns: what it is answered; events that come before that are passed over.
    /// - Throws: ``Failure`` if there is no answer in 10 s, or the connection is gone.
    public func ask(_ command: Command) throws(Failure) -> Answer {
        reply = nil
        if failure == nil { connection?.queue(command.message.bytes + [0x0A], endsMessage: true) }
        try wait(for: "\(address) does not answer \(command.name ?? "")") { reply != nil }
        guard let reply, let message = try? Message(parsing: reply) else {
            throw Failure(description: "\(address) answers what cannot be read")
        }
        if let value = message["return"] { return .returned(message.bytes[value.value]) }
        let error = message["error"].map { message.value(of: $0) }
        return .failed(
            errorClass: error?["class"]?.string ?? "",
            description: error?["desc"]?.string ?? "an error without a description"
        )
    }

    /// Lets time go by.
    ///
    /// - Throws: ``Failure`` if the connection is gone meanwhile.
    public func pause(for duration: Duration) throws(Failure) {
        var isOver = false
        let timer = Timer(loop: loop) { [loop] in
            isOver = true
            loop.stop()
        }
        timer.set(after: duration)
        while !isOver {
            if let failure { throw failure }
            loop.run()
        }
    }

    /// Runs the loop until something is so.
    private func wait(for what: String, until isSo: () -> Bool) throws(Failure) {
        let timer = Timer(loop: loop) { [unowned self] in
            fail(Failure(description: "\(what) (waited \(Quantity.text(duration: Self.patience)))"))
        }
        timer.set(after: Self.patience)
        while !isSo() {
            if let failure { throw failure }
            loop.run()
        }
    }

    private func connected(_ result: Result<DescriptorHandle, SystemError>) {
        switch result {
        case .success(let socket):
            connection = Connection(descriptor: socket, tag: 0, passesDescriptors: false, loop: loop, delegate: self)
            loop.stop()
        case .failure(let error): fail(Failure(description: "\(error)"))
        }
    }

    private func fail(_ failure: Failure) {
        // The first one is the reason for all others.
        if self.failure == nil { self.failure = failure }
        loop.stop()
    }
}

extension MonitorClient: ConnectionDelegate {
    /// Takes what the monitor says.
    public func connection(_ connection: Connection, received bytes: Bytes, descriptors: [DescriptorHandle]) {
        decoder.append(bytes)
        do throws(MonitorDecoder.NotAMonitor) {
            while let message = try decoder.next() {
                switch message.kind {
                case .greeting: hasGreeting = true
                case .reply: reply = message.bytes
                case .event, .unknown: continue
                }
                loop.stop()
            }
        } catch {
            fail(Failure(description: "\(address) is no monitor: \(error)"))
        }
    }

    /// Nothing more will come.
    public func connectionEnded(_ connection: Connection) {
        fail(Failure(description: "\(address) has closed the connection"))
    }

    /// Nothing more will come.
    public func connection(_ connection: Connection, closed reason: String) {
        fail(Failure(description: "the connection to \(address) is lost: \(reason)"))
    }

    /// Waits: what is asked is short.
    public func connection(_ connection: Connection, unsent bytes: Int, beyondCurrent: Int) {}
}

import Foundation

/// A pretend monitor in this process, of a QEMU that is the primary of a COLO pair.
///
/// It answers the plugin `colo`'s questions at once, and no other command. Each connection is another QEMU, so that
/// what was decided for one before does not count.
final class ScriptedMonitor {
    private let listener: Int32
    private var connections = 0

    /// Listens at a path.
    init(path: String) throws {
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let status = withSocketAddress(path) { bind(listener, $0, $1) }
        guard listener >= 0, status == 0, listen(listener, 1) == 0 else {
            throw Failure.system("cannot listen at \(path)")
        }
    }

    deinit {
        close(listener)
    }

    /// The next QEMU, greeted.
    func accept(until deadline: ContinuousClock.Instant) throws -> ScriptedConnection {
        try waitUntilReadable(listener, deadline: deadline)
        let descriptor = Glibc.accept(listener, nil, nil)
        guard descriptor >= 0 else {
            throw Failure.system("accept")
        }
        connections += 1
        return try ScriptedConnection(descriptor, thread: connections)
    }
}

/// One connection of a ``ScriptedMonitor``.
final class ScriptedConnection {
    /// What was asked, and when that had come.
    struct Arrival {
        var name: String
        var id: Any
        var time: ContinuousClock.Instant
    }

    private let descriptor: Int32
    private let thread: Int
    private var unread = Data()
    private var arrived = ContinuousClock.now

    fileprivate init(_ descriptor: Int32, thread: Int) throws {
        self.descriptor = descriptor
        self.thread = thread
        let version = #"{"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": ""}"#
        try send(#"{"QMP": {"version": \#(version), "capabilities": ["oob"]}}"#)
    }

    deinit {
        close(descriptor)
    }

    /// Sends a line.
    func send(_ line: String) throws {
        let bytes = Array("\(line)\r\n".utf8)
        guard Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw Failure.system("cannot send to qmp-proxy")
        }
    }

    /// The next command; `nil` if none comes in time.
    func next(until deadline: ContinuousClock.Instant) throws -> Arrival? {
        while true {
            if let newline = unread.firstIndex(of: UInt8(ascii: "\n")) {
                let line = unread[..<newline]
                unread = Data(unread[(newline + 1)...])
                let command = try JSONSerialization.jsonObject(with: line) as? [String: Any]
                guard let name = command?["execute"] ?? command?["exec-oob"], let name = name as? String else {
                    throw Failure("qmp-proxy sent no command: \(String(decoding: line, as: UTF8.self))")
                }
                return Arrival(name: name, id: command?["id"] ?? NSNull(), time: arrived)
            }
            guard try becomesReadable(descriptor, deadline: deadline) else {
                return nil
            }
            arrived = .now
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else {
                throw Failure("qmp-proxy has closed the connection")
            }
            unread += buffer[..<count]
        }
    }

    /// Answers a command as a healthy primary does.
    func answer(_ command: Arrival) throws {
        let id = String(
            decoding: try JSONSerialization.data(withJSONObject: command.id, options: .fragmentsAllowed),
            as: UTF8.self
        )
        let unknown = #""error": {"class": "CommandNotFound", "desc": "The command has not been found"}"#
        try send(#"{\#(value(of: command.name).map { "\"return\": \($0)" } ?? unknown), "id": \#(id)}"#)
    }

    private func value(of command: String) -> String? {
        switch command {
        case "qmp_capabilities": "{}"
        case "query-cpus-fast": #"[{"cpu-index": 0, "thread-id": \#(thread)}]"#
        case "query-colo-status": #"{"mode": "primary", "last-mode": "none", "reason": "none"}"#
        case "query-migrate-parameters": #"{"x-checkpoint-delay": 20000}"#
        case "query-status": #"{"status": "running", "singlestep": false, "running": true}"#
        case "qom-list": "[]"
        default: nil
        }
    }
}

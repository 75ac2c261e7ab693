import Foundation
import QMP

/// A client that understands what is answered: of a QEMU's second monitor, past the proxy, where what a test asks is in
/// no recording and disturbs nobody, or of a proxy.
final class COLOMonitor {
    private let client: RawClient
    private var number = 0
    /// The events that came so far, oldest first; they come with replies.
    private(set) var events: [JSONValue] = []

    init(_ address: SocketAddress, name: String, isDirect: Bool = true) throws {
        client = try RawClient(address, name: name)
        client.isDirect = isDirect
        try client.negotiate()
    }

    /// Asks, and returns what the reply has under `return`.
    ///
    /// - Throws: ``Failure`` if it is an error, or does not come in time.
    func ask(
        _ command: String,
        _ arguments: String = "{}",
        within limit: Duration = Deadline.patience
    ) throws -> JSONValue {
        number += 1
        try client.send(#"{"execute": "\#(command)", "arguments": \#(arguments), "id": \#(number)}"#)
        let deadline = Deadline(in: limit)
        while true {
            let message = try next(by: deadline)
            guard message["id"]?.integer == Int64(number) else { continue }
            guard let result = message["return"] else {
                throw Failure("\(client.name): \(command): \(message["error"]?["desc"]?.string ?? "no reply")")
            }
            return result
        }
    }

    /// Waits for the next event of that name, and comes back at once when it is there.
    func waitForEvent(_ name: String) throws {
        let deadline = Deadline()
        while try next(by: deadline)["event"]?.string != name {}
    }

    private func next(by deadline: Deadline) throws -> JSONValue {
        let left = Duration.milliseconds(Int(deadline.milliseconds))
        let message = try JSONValue(parsing: Array(client.readLine(within: left).utf8)[...])
        if message["event"] != nil { events.append(message) }
        return message
    }

    /// A line of the human monitor, and what it says.
    func askHuman(_ line: String) throws -> String {
        try ask("human-monitor-command", #"{"command-line": "\#(line)"}"#).string ?? ""
    }

    /// Whether it answers at all.
    func answers(within limit: Duration) -> Bool {
        (try? ask("query-status", within: limit)) != nil
    }

    /// How often an event of that name came.
    func count(of event: String) throws -> Int {
        _ = try ask("query-status")
        return events.filter { $0["event"]?.string == event }.count
    }

    /// The member of a query's reply.
    func status(_ query: String, _ member: String) throws -> String {
        try ask(query)[member]?.string ?? ""
    }
}

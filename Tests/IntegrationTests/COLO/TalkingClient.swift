import Foundation
import QMP
import Synchronization

/// A client that asks its proxy for something all the while, on a thread of its own, and looks at all it gets.
final class TalkingClient: Sendable {
    private struct Heard {
        var replies = 0
        var events: Set<String> = []
        var surprises: [String] = []
        var isToStop = false
        var hasEnded = false
    }

    private let heard = Mutex(Heard())

    /// Connects, and begins to talk.
    init(to address: SocketAddress) throws {
        let client = try RawClient(address, name: "talking client")
        try client.negotiate()
        // The client is the thread's alone from here on.
        nonisolated(unsafe) let talking = client
        Thread.detachNewThread { [self] in talk(talking) }
    }

    /// Asks again as soon as it is answered.
    private func talk(_ client: RawClient) {
        var number = 0
        do {
            while !heard.withLock({ $0.isToStop }) {
                number += 1
                try client.send(#"{"execute": "query-name", "id": "talk \#(number)"}"#)
                repeat {} while try hear(client.readLine(), number)
            }
        } catch {
            heard.withLock { $0.surprises.append("\(error)") }
        }
        heard.withLock { $0.hasEnded = true }
    }

    /// Takes a message; whether the reply is still to come.
    private func hear(_ line: String, _ number: Int) throws -> Bool {
        let message = try JSONValue(parsing: Array(line.utf8)[...])
        return heard.withLock { heard in
            if let event = message["event"]?.string {
                heard.events.insert(event)
                return true
            }
            heard.replies += 1
            guard line.hasPrefix("{\"return\": {"), line.hasSuffix(", \"id\": \"talk \(number)\"}\r\n") else {
                heard.surprises.append(line)
                return false
            }
            return false
        }
    }

    /// Waits for some more replies.
    func waitForReplies(_ count: Int = 20) throws {
        let before = heard.withLock { $0.replies }
        guard Deadline().waits(until: { heard.withLock { $0.replies >= before + count } }) else {
            throw Failure("the talking client is not answered any more: \(heard.withLock { $0.surprises })")
        }
    }

    /// Has it stop.
    ///
    /// - Returns: the names of the events that it got, and whatever else it got that was no reply to it.
    func stop() throws -> (events: Set<String>, surprises: [String]) {
        heard.withLock { $0.isToStop = true }
        guard Deadline().waits(until: { heard.withLock { $0.hasEnded } }) else {
            throw Failure("the talking client waits for a reply")
        }
        return heard.withLock { ($0.events, $0.surprises) }
    }
}

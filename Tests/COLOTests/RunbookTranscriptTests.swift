import Foundation
import PluginKit
import QMP
import Testing

@testable import COLO

/// Each runbook against what was said to a real QEMU 7.2, and what that replied (`Fixtures`, `->` sent, `<-` received).
@Suite(.timeLimit(.minutes(15)))
struct RunbookTranscriptTests {
    /// What a runbook sends beside what was sent then: it asks first, and has QEMU say when COLO is entered.
    private static let events = """
        {"execute": "migrate-set-capabilities", "arguments": \
        {"capabilities": [{"state": true, "capability": "events"}]}}
        """
    private static let xColo = events.replacing("events", with: "x-colo")

    @Test(arguments: [
        (Runbook.Shipped.secondaryStart, "127.0.0.1", "20000", [xColo]),
        (.primaryStart, "127.0.0.2", "1000", [events]),
        (.primaryFailover, "127.0.0.2", "20000", []),
        (.secondaryFailover, "127.0.0.1", "20000", []),
        (.primaryResume, "127.0.0.2", "2000", [events]),
        (.secondaryResume, "127.0.0.1", "2000", [events]),
    ])
    func saysWhatWasSaidAndUnderstandsTheReplies(
        shipped: Runbook.Shipped,
        peer: String,
        delay: String,
        added: [String]
    ) throws {
        let variables = try RunbookVariables.usual([("peer-host", peer), ("checkpoint-delay", delay)])
        var replay = try TranscriptReplay(try Runbook(shipped, variables: variables), of: shipped)
        replay.play()
        #expect(replay.sent == (try replay.transcript.sent))
        #expect(replay.added == added.map { normal($0) })
        #expect(replay.end == .done)
    }

    private func normal(_ text: String) -> String {
        (try? JSONValue(parsing: Bytes(text: text)))?.written().text ?? text
    }
}

/// What was said and replied, line by line.
private struct Transcript {
    let lines: [(isSent: Bool, bytes: Bytes)]

    init(of shipped: Runbook.Shipped) throws {
        let folder = try #require(Bundle.module.resourceURL).appending(path: "Fixtures")
        let text = try String(contentsOf: folder.appending(path: "\(shipped.rawValue).txt"), encoding: .utf8)
        lines = text.split(separator: "\n").map { ($0.hasPrefix("->"), Bytes(text: String($0.dropFirst(3)))) }
    }

    /// What was sent, in QEMU's form.
    var sent: [String] {
        get throws { try lines.filter(\.isSent).map { try JSONValue(parsing: $0.bytes).written().text } }
    }
}

/// Gives a run the recorded replies and events in their order; what was not asked then a model answers.
private struct TranscriptReplay {
    let transcript: Transcript
    private(set) var sent: [String] = []
    private(set) var added: [String] = []
    private(set) var end: RunbookAction?
    private var run: RunbookRun
    private let qemu: ModelQEMU
    private var place = 0
    private var polls: [PluginKit.Tag] = []
    private var agenda: [RunbookAction] = []

    init(_ runbook: Runbook, of shipped: Runbook.Shipped) throws {
        transcript = try Transcript(of: shipped)
        run = RunbookRun(runbook)
        qemu = ModelQEMU(.before(shipped))
    }

    mutating func play() {
        agenda = run.begin()
        while end == nil {
            if !agenda.isEmpty {
                perform(agenda.removeFirst())
            } else if let poll = polls.popLast() {
                agenda = run.timerFired(poll)
            } else {
                return
            }
        }
    }

    private mutating func perform(_ action: RunbookAction) {
        switch action {
        case .execute(let command, let tag, _): execute(command, tag)
        case .store(_, let tag): agenda += run.answered(tag, with: .stored)
        case .setTimer(let tag, _) where tag.name == "runbook-poll": polls.append(tag)
        case .setTimer, .cancelTimer, .progress, .note: break
        case .done, .failed: end = action
        }
    }

    private mutating func execute(_ command: Command, _ tag: PluginKit.Tag) {
        let (answer, _) = qemu.execute(command)
        let text = command.message.bytes.text
        let recorded = place < transcript.lines.count ? try? JSONValue(parsing: transcript.lines[place].bytes) : nil
        guard recorded?.written().text == text else {
            let asks = command.isOutOfBand || command.name?.hasPrefix("query-") == true || command.name == "qom-list"
            if !asks { added.append(text) }
            agenda += run.answered(tag, with: .answered(answer))
            return
        }
        sent.append(text)
        place += 1
        while place < transcript.lines.count, !transcript.lines[place].isSent {
            hear(transcript.lines[place].bytes, tag, answer)
            place += 1
        }
    }

    /// Takes one recorded line; the model must have given the same reply.
    private mutating func hear(_ bytes: Bytes, _ tag: PluginKit.Tag, _ answer: Answer) {
        let value = (try? JSONValue(parsing: bytes)) ?? .null
        if let name = value["event"]?.string {
            agenda += run.event(MonitorEvent(name: name, bytes: bytes))
        } else {
            let reply = MonitorReply(bytes: bytes, isError: value["error"] != nil).answer
            #expect(reply == answer, "the model replies otherwise")
            agenda += run.answered(tag, with: .answered(reply))
        }
    }
}

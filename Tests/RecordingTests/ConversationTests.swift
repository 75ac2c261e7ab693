import QMP
import Recording
import Testing

@Suite(.timeLimit(.minutes(15)))
struct ConversationTests {
    private let stop = message(#"{"execute": "stop"}"#)
    private let empty = message(#"{"return": {}}"#)
    private let failure = message(#"{"error": {"class": "GenericError", "desc": "no"}}"#)
    private let failed = Meaning.Outcome.failed(class: "GenericError", description: "no")

    private func meanings(_ entries: [Entry]) -> [Meaning] {
        var conversation = Conversation()
        return entries.map { conversation.take($0) }
    }

    @Test
    func joinsTheFourEntriesOfACommand() {
        let command = Meaning.Command(name: "stop", client: 3, asked: Instant(microseconds: 10))
        var answered = command
        answered.outcome = failed
        let asks = Meaning.Subject.command(name: "stop", isOutOfBand: false)
        let reply = Meaning.Subject.reply(failed)
        #expect(
            meanings([
                entry(10, .client(3), .received(stop), command: 7),
                entry(11, .monitor, .sent(stop), command: 7),
                entry(20, .monitor, .received(failure), command: 7),
                entry(21, .client(3), .sent(.sameAsMonitor(id: nil)), command: 7),
                entry(22, .client(3), .sent(empty), command: 7),
            ]) == [
                Meaning(subject: asks, command: command, client: 3),
                Meaning(subject: asks, command: command, client: 3),
                Meaning(subject: reply, command: command, client: 3, latency: 10),
                Meaning(subject: reply, command: answered, client: 3, latency: 11, endsCommand: true),
                // Known no longer.
                Meaning(subject: .reply(.returned), client: 3),
            ]
        )
    }

    @Test
    func endsACommandOfAPluginsWithTheMonitorsReply() {
        var sent = entry(5, .monitor, .sent(stop), command: 1)
        sent.plugin = "colo"
        let command = Meaning.Command(name: "stop", plugin: "colo", asked: Instant(microseconds: 5))
        let asks = Meaning.Subject.command(name: "stop", isOutOfBand: false)
        #expect(
            meanings([sent, entry(9, .monitor, .received(empty), command: 1)]) == [
                Meaning(subject: asks, command: command, plugin: "colo"),
                Meaning(subject: .reply(.returned), command: command, plugin: "colo", latency: 4, endsCommand: true),
            ]
        )
    }

    @Test
    func endsACommandWithTheReplyOfASecondMonitor() {
        var sent = entry(5, .secondMonitor("peer"), .sent(stop), command: 1)
        sent.plugin = "colo"
        let command = Meaning.Command(name: "stop", plugin: "colo", asked: Instant(microseconds: 5))
        let asks = Meaning.Subject.command(name: "stop", isOutOfBand: false)
        #expect(
            meanings([sent, entry(9, .secondMonitor("peer"), .received(empty), command: 1)]) == [
                Meaning(subject: asks, command: command, plugin: "colo"),
                Meaning(subject: .reply(.returned), command: command, plugin: "colo", latency: 4, endsCommand: true),
            ]
        )
    }

    @Test
    func doesNotWaitForAClientThatHasLeft() {
        var conversation = Conversation()
        _ = conversation.take(entry(1, .client(1), .received(stop), command: 1))
        _ = conversation.take(entry(2, .client(1), .closed(reason: "it left")))
        #expect(conversation.unanswered == 1)
        #expect(conversation.take(entry(3, .monitor, .received(empty), command: 1)).endsCommand)
        #expect(conversation.unanswered == 0)
    }

    @Test
    func knowsWhatASegmentsHeaderRepeats() {
        var header = Session.header
        header.begins = Instant(microseconds: 100)
        header.commands = [RecordingHeader.Command(number: 4, client: 2, name: "migrate")]
        header.clients = [RecordingHeader.Client(number: 2, peer: "")]
        var conversation = Conversation()
        conversation.take(header)
        let command = Meaning.Command(name: "migrate", client: 2)
        #expect(
            conversation.take(entry(200, .monitor, .received(empty), command: 4))
                == Meaning(subject: .reply(.returned), command: command, client: 2)
        )
    }

    @Test
    func keepsItsCommandsFromSegmentToSegmentAndForgetsThemInTheNextRecording() {
        var conversation = Conversation()
        conversation.take(Session.header)
        _ = conversation.take(entry(90, .client(1), .received(stop), command: 1))
        var next = Session.header
        next.begins = Instant(microseconds: 100)
        next.clients = [RecordingHeader.Client(number: 1, peer: "")]
        next.commands = [RecordingHeader.Command(number: 1, client: 1, name: "stop")]
        conversation.take(next)
        #expect(conversation.take(entry(190, .monitor, .received(empty), command: 1)).latency == 100)
        conversation.take(Session.header)
        #expect(conversation.take(entry(200, .client(1), .sent(empty), command: 1)).command == nil)
    }

    /// However many commands nobody answers, memory stays bounded; what is forgotten still counts.
    @Test
    func forgetsAllWhenTooManyWait() {
        var conversation = Conversation()
        for number in 0..<65_537 { _ = conversation.take(entry(0, .client(1), .received(stop), command: number)) }
        #expect(conversation.unanswered == 65_537)
        #expect(conversation.take(entry(1, .monitor, .received(empty), command: 0)).command == nil)
        #expect(conversation.take(entry(1, .monitor, .received(empty), command: 65_536)).command != nil)
    }

    @Test(arguments: [
        (#"{"execute": "a"}"#, Meaning.Subject.command(name: "a", isOutOfBand: false)),
        (#"{"id": {"execute": 1}, "execute" : "a\n"}"#, .command(name: "a\n", isOutOfBand: false)),
        (#"{"execute": "\u0061"}"#, .command(name: "a", isOutOfBand: false)),
        (#"{"exec-oob": "a"}"#, .command(name: "a", isOutOfBand: true)),
        (#"{'execute': 'a'}"#, .command(name: "a", isOutOfBand: false)),
        (#"{"execute": 1}"#, .command(name: "1", isOutOfBand: false)),
        (#"{"return": 1}"#, .reply(.returned)), (#"{ "id": 1, "return": 1}"#, .reply(.returned)),
        (#"{"error": 1}"#, .reply(.failed(class: "", description: ""))),
        (#"{"event": "STOP"}"#, .event(name: "STOP")), (#"{"QMP": {}}"#, .greeting), ("{}", .message), ("", .message),
        (#"{"execute": "a"#, .message), (#"{"execute": "a\"#, .message),
    ])
    func saysWhatAMessageIs(text: String, subject: Meaning.Subject) {
        #expect(meanings([entry(0, .other("x"), .received(message(text, .dialect)))]).map(\.subject) == [subject])
    }

    /// Proxies that were started at the same time number their commands alike.
    @Test
    func doesNotMixMonitors() {
        var other = Session.header
        other.monitor = "vm1"
        other.begins = Instant(microseconds: 100)
        var conversation = Conversation()
        conversation.take(Session.header)
        _ = conversation.take(entry(90, .client(1), .received(stop), command: 5))
        conversation.take(other)
        #expect(conversation.take(entry(200, .monitor, .received(empty), command: 5)).command == nil)
    }
}

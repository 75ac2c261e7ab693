import QMP
import Testing

@testable import Recording

@Suite(.timeLimit(.minutes(15)))
struct EntryFilterTests {
    /// A session in which each line has a name.
    private static let session: [(name: String, entry: Entry)] = {
        let status = message(#"{"execute": "query-status"}"#)
        let yank = message(#"{"exec-oob": "yank", "id": "foo"}"#)
        let failure = message(#"{"error": {"class": "CommandNotFound", "desc": "no"}}"#)
        let stop = message(#"{"timestamp": {}, "event": "STOP"}"#)
        return [
            ("hello", entry(0, .monitor, .received(message(#"{"QMP": {}}"#)))),
            ("in1", entry(1000, .client(1), .opened(peer: "pid 1"))),
            ("in2", entry(2000, .client(2), .opened(peer: "pid 2"))),
            ("ask1", entry(10_000, .client(1), .received(status), command: 1)),
            ("to1", entry(10_001, .monitor, .sent(status), command: 1)),
            ("from1", entry(20_000, .monitor, .received(message(#"{"return": {}}"#)), command: 1)),
            ("reply1", entry(20_001, .client(1), .sent(.sameAsMonitor(id: nil)), command: 1)),
            ("ask2", entry(30_000, .client(2), .received(yank), command: 2, descriptors: 1)),
            ("guard2", entry(30_001, .plugin("guard"), .verdict("answer", failure), command: 2)),
            ("reply2", entry(30_100, .client(2), .sent(failure), command: 2)),
            ("event", entry(40_000, .monitor, .received(stop))),
            ("to3", with(entry(50_000, .monitor, .sent(status), command: 3)) { $0.plugin = "colo" }),
            ("from3", entry(50_500, .monitor, .received(message(#"{"return": 3}"#)), command: 3)),
            ("bad", entry(60_000, .client(1), .received(.invalid(Bytes(text: "@"), error: "stray")), command: 4)),
            ("mark", entry(70_000, .plugin("colo"), .mark(text: "it's foo"))),
            ("gap", entry(80_000, .proxy, .gap(entries: 1))),
            (
                "secret",
                with(entry(85_000, .client(1), .received(message(#"{"execute": "set_password"}"#)), command: 5)) {
                    $0.redacted = ["/arguments/password"]
                }
            ),
            ("held", entry(86_000, .client(1), .received(.withheld(bytes: 9, error: nil)))),
            ("out1", entry(90_000, .client(1), .closed(reason: "it left"))),
        ]
    }()

    private static let all = session.map(\.name).joined(separator: " ")

    @Test(arguments: [
        ("~x query-*", "ask1 to1 from1 reply1 to3 from3"), ("~x yank", "ask2 guard2 reply2"), ("~x query", ""),
        ("~x q???y-status", "ask1 to1 from1 reply1 to3 from3"), ("~command 1", "ask1 to1 from1 reply1"),
        ("~reply", "from1 reply1 reply2 from3"), ("~error", "reply2 bad"), ("~class *NotFound", "reply2"),
        ("~class GenericError", ""), ("~slower 10ms", "from1 reply1"), ("~slower 10001us", "reply1"),
        ("~faster 0.5ms", "reply2"), ("~faster 501µs", "reply2 from3"), ("~slower 1min | ~slower 1h | ~slower 1m", ""),
        ("~oob", "ask2 guard2 reply2"), ("~fds", "ask2"), ("~event *", "event"), ("~event COLO_EXIT", ""),
        ("~greeting", "hello"), ("~client 2", "in2 ask2 guard2 reply2"),
        ("~client 1", "in1 ask1 to1 from1 reply1 bad secret held out1"),
        ("~monitor", "hello to1 from1 event to3 from3"), ("~plugin colo", "to3 from3 mark"), ("~plugin g*", "guard2"),
        ("~verdict", "guard2"), ("~mark", "mark"), ("~sent", "to1 reply1 reply2 to3"), ("~opened", "in1 in2"),
        ("~received ~x *", "ask1 from1 ask2 from3 secret"), ("~closed", "out1"), ("~gap", "gap"),
        ("~redacted", "secret held"), ("~text foo", "ask2 mark"), ("foo", "ask2 mark"), ("~text Foo", ""),
        ("left", "out1"), ("'pid 2'", "in2"), ("stray", "bad"), ("~after 0.08", "gap secret held out1"),
        ("~before 0.002", "hello in1"), ("~all", all), ("!~all", ""), ("~text \"it's\"", "mark"),
        ("'~all'", ""), ("~x query-* & !~client 1", "to3 from3"), ("~x query-* !~client 1", "to3 from3"),
        ("~mark | ~gap & ~closed", "mark"), ("(~mark | ~gap) & !~mark", "gap"),
        ("!(~mark|~gap)&~after .07", "secret held out1"),
        ("!!~mark", "mark"), ("!!!~mark ~after 0.07", "gap secret held out1"), ("~gap|~mark", "mark gap"),
        (" ~mark\t", "mark"), ("((((~mark))))", "mark"),
    ])
    func matches(text: String, names: String) throws {
        let filter = try EntryFilter(text)
        var conversation = Conversation()
        let matching = Self.session.filter { filter.matches($0.entry, conversation.take($0.entry)) }
        #expect(matching.map(\.name).joined(separator: " ") == names)
    }

    @Test(arguments: ["stop", "cont"])
    func findsAReplyByWhatWasAskedAndByWhatAPluginPutInItsPlace(name: String) throws {
        let filter = try EntryFilter("~x \(name)")
        var conversation = Conversation()
        _ = conversation.take(entry(1, .client(1), .received(message(#"{"execute": "stop"}"#)), command: 1))
        let verdict = Entry.Kind.verdict("replace", message(#"{"execute": "cont"}"#))
        _ = conversation.take(entry(2, .plugin("colo"), verdict, command: 1))
        let reply = entry(3, .monitor, .received(message(#"{"return": {}}"#)), command: 1)
        #expect(filter.matches(reply, conversation.take(reply)))
    }

    @Test(arguments: [
        ("", "a term is wanted here, such as ~x query-* or a text", 0),
        ("~x", "~x is followed by a name, in which * is any characters and ? is one", 2),
        ("~x ~mark", "~x is followed by a name, in which * is any characters and ? is one", 3),
        ("~x query-* & ~slower soon", "~slower is followed by a duration such as 500ms, 1.5s or 20us", 21),
        ("~slower 5", "~slower is followed by a duration such as 500ms, 1.5s or 20us", 8),
        ("~slower -5ms", "~slower is followed by a duration such as 500ms, 1.5s or 20us", 8),
        ("~slower infs", "~slower is followed by a duration such as 500ms, 1.5s or 20us", 8),
        ("~slower 1e300s", "~slower is followed by a duration such as 500ms, 1.5s or 20us", 8),
        ("~client me", "~client is followed by a number such as 2", 8),
        ("~client -1", "~client is followed by a number such as 2", 8),
        ("~after now", "~after is followed by seconds such as 12.5", 7), ("~text", "~text is followed by a text", 5),
        ("~mark & ~slowr 1s", "there is no ~slowr, did you mean ~slower?", 8),
        ("~qqqqqqqq", "there is no ~qqqqqqqq", 0),
        ("~slower 0x10ms", "~slower is followed by a duration such as 500ms, 1.5s or 20us", 8),
        ("~faster 1e3us", "~faster is followed by a duration such as 500ms, 1.5s or 20us", 8),
        ("~after +2", "~after is followed by seconds such as 12.5", 7),
        ("~client +2", "~client is followed by a number such as 2", 8),
        ("~x \"\"", "~x is followed by a name, in which * is any characters and ? is one", 3),
        ("''", "a term is wanted here, such as ~x query-* or a text", 0), ("~foo", "there is no ~foo", 0),
        ("~mark &", "a term is wanted here, such as ~x query-* or a text", 7),
        ("~mark | | ~gap", "a term is wanted here, such as ~x query-* or a text", 8),
        ("& ~mark", "a term is wanted here, such as ~x query-* or a text", 0),
        ("!", "a term is wanted here, such as ~x query-* or a text", 1), ("(~mark", "this '(' is not closed", 0),
        ("~mark)", "this ')' closes nothing", 5), ("()", "a term is wanted here, such as ~x query-* or a text", 1),
        ("~text 'foo", "the quote is not closed", 6),
        ("é \u{7}(", "a term is wanted here, such as ~x query-* or a text", 4),
        (String(repeating: "(", count: 100) + "a", "more than 64 brackets are open", 64),
    ])
    func saysWhatIsWrongAndWhere(text: String, reason: String, position: Int) {
        let error = #expect(throws: EntryFilter.SyntaxError.self) { try EntryFilter(text) }
        #expect(error == EntryFilter.SyntaxError(text: text, position: position, reason: reason))
    }

    @Test
    func pointsAtThePlace() {
        let error = #expect(throws: EntryFilter.SyntaxError.self) { try EntryFilter("\u{1B}é & ~slowr 1s") }
        #expect(
            error?.description == """
                there is no ~slowr, did you mean ~slower?
                  ?é & ~slowr 1s
                       ^
                """
        )
    }

    @Test
    func letsNoControlCharacterThrough() {
        let error = #expect(throws: EntryFilter.SyntaxError.self) { try EntryFilter("~\u{1B}[2J") }
        #expect(error?.description == "there is no ~\\u{1b}[2J\n  ~?[2J\n  ^")
    }

    /// Any text is an expression or an error, and a long one costs no stack.
    @Test
    func takesAnyText() {
        var chance: UInt64 = 1
        let parts = ["~x", "~mark", "~slower", "1ms", "(", ")", "&", "|", "!", "'", "\"", " ", "é", "\u{0}", "~", "*"]
        for _ in 0..<5000 {
            var text = ""
            for _ in 0..<12 {
                chance = chance &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                text += parts[Int(chance >> 60)]
            }
            do throws(EntryFilter.SyntaxError) {
                let filter = try EntryFilter(text)
                _ = filter.matches(Session.entries[4], Meaning())
            } catch {
                #expect(error.position <= text.unicodeScalars.count, "\(text)")
            }
        }
        for part in ["!", "~mark|", "~mark ", "~mark&"] {
            #expect((try? EntryFilter(String(repeating: part, count: 100_000) + "~all")) != nil)
        }
    }

    @Test
    func everyTermIsToldOfInTheHelp() {
        #expect(FilterTerm.all.allSatisfy { $0.name.hasPrefix("~") && !$0.help.isEmpty })
        #expect(FilterTerm.all.filter { $0.argument.isEmpty }.allSatisfy { (try? EntryFilter($0.name)) != nil })
    }
}

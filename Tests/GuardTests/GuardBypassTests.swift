import PluginKit
import ProxyTesting
import QMP
import Testing

@testable import Guard

/// No way to write a command gets it round the guard: it is judged as QEMU reads it.
@Suite(.timeLimit(.minutes(15)))
struct GuardBypassTests {
    private static let refused = "The command quit is refused by guard: no-quit"

    @Test(arguments: [
        ("{'execute': 'quit'}", refused),
        (#"{"execute": "qu\u0069t"}"#, refused),
        (#"{"exe\u0063ute": "\u0071\u0075\u0069\u0074"}"#, refused),
        (#"{"id": {"execute": "stop"}, "execute": "quit"}"#, refused),
        ("{\r\n\t\"execute\"\n:\n\"quit\"\n}", refused),
        ("{'exec-oob': 'quit'}", refused),
        (#"{"exec\u002doob": "quit"}"#, refused),
        ("{'execute': 'stop', 'execute': 'quit'}", "JSON parse error, duplicate key"),
        (#"{"execute": "stop", "\u0065xecute": "quit"}"#, "JSON parse error, duplicate key"),
        ("{'execute': 'stop', 'exec-oob': 'quit'}", "The command is refused by guard: its envelope is wrong"),
        ("{'execute': 'quit', 'control': {}}", "The command is refused by guard: its envelope is wrong"),
        ("{'execute': 'quit', 'arguments': []}", "The command is refused by guard: its envelope is wrong"),
        // To QEMU these are other names, which it does not know.
        (#"{"execute": "quit\u0000"}"#, "+ quit\u{0}"),
        ("{'execute': 'Quit'}", "+ Quit"),
        ("{'execute': ' quit'}", "+  quit"),
    ])
    func quitStaysDenied(text: String, line: String) throws {
        var client = try GuardedClient("{'default': 'allow', 'rules': [{'name': 'no-quit', 'deny': 'quit'}]}")
        #expect(client.says(text) == [line])
    }

    /// QEMU goes on lexing in the same line, and executes an inner object.
    @Test func quitStaysDeniedInsideABrokenCommand() throws {
        var client = try GuardedClient("{'default': 'allow', 'rules': [{'name': 'no-quit', 'deny': 'quit'}]}")
        #expect(client.says("{'execute': X, 'arguments': {'execute': 'quit'}\n").contains(Self.refused))
    }

    @Test(arguments: [
        ("{'execute': 'migrate', 'arguments': {'uri': 'exec:cat'}}", deniedBy("no-exec")),
        (#"{"execute": "migrate", "arguments": {"\u0075ri": "\u0065xec:cat"}}"#, deniedBy("no-exec")),
        (#"{"arguments": {"detach": true, "uri": "exec\u003acat"}, "execute": "migrate"}"#, deniedBy("no-exec")),
        (
            "{'execute': 'migrate', 'arguments': {'uri': 'tcp:h:1', 'uri': 'exec:cat'}}",
            "JSON parse error, duplicate key"
        ),
        (
            "{'execute': 'migrate', 'arguments': {'channels': [{}, {'addr': {'transport': 'exec'}}]}}",
            deniedBy("no-channel")
        ),
        ("{'execute': 'migrate', 'arguments': {'uri': 'tcp:h:1'}}", "+ migrate"),
        ("{'execute': 'block_resize', 'arguments': {'size': 0}}", deniedBy("no-zero")),
        ("{'execute': 'block_resize', 'arguments': {'size': -0}}", deniedBy("no-zero")),
        ("{'execute': 'block_resize', 'arguments': {'size': 0.0e5}}", deniedBy("no-zero")),
        ("{'execute': 'block_resize', 'arguments': {'size': 0x0}}", "JSON parse error, expected separator in dict"),
        ("{'execute': 'block_resize', 'arguments': {'size': 10}}", "+ block_resize"),
    ])
    func aDeniedValueStaysDenied(text: String, line: String) throws {
        var client = try GuardedClient(
            """
            {'default': 'allow',
             'rules': [{'name': 'no-exec', 'deny': 'migrate', 'arguments': {'uri': 'exec:*'}},
                       {'name': 'no-channel', 'deny': 'migrate', 'arguments': {'/channels/*/addr/transport': 'exec'}},
                       {'name': 'no-zero', 'deny': '*', 'arguments': {'size': '0'}}]}
            """
        )
        #expect(client.says(text).first == line)
    }

    private static func deniedBy(_ rule: String) -> String {
        "The command \(rule == "no-zero" ? "block_resize" : "migrate") is refused by guard: \(rule)"
    }

    /// However many ways there are to write it.
    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func quitStaysDeniedAtRandom(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        func written(_ text: String) -> String {
            let quote = generator.chance(50) ? "\"" : "'"
            let characters = text.unicodeScalars.map { scalar in
                guard generator.chance(30) else { return String(scalar) }
                let digits = String(scalar.value, radix: 16, uppercase: generator.chance(50))
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
            return quote + characters.joined() + quote
        }
        func space() -> String {
            String(repeating: [" ", "\t", "\n", "\r"][generator.int(0...3)], count: generator.int(0...2))
        }
        var members = [
            written(generator.chance(50) ? "execute" : "exec-oob") + space() + ":" + space() + written("quit")
        ]
        if generator.chance(50) { members.append(written("id") + ":" + written("stop")) }
        if generator.chance(50) {
            members.append(written("arguments") + ":{" + written("execute") + ":" + written("stop") + "}")
        }
        if generator.chance(50) { members.reverse() }
        let text = "{" + space() + members.joined(separator: space() + "," + space()) + space() + "}"
        var client = try GuardedClient("{'default': 'allow', 'rules': [{'name': 'no-quit', 'deny': 'quit'}]}")
        #expect(client.says(text) == [Self.refused], "\(text)")
    }

    private static let unnamed =
        "The command human-monitor-command is refused by guard: human-monitor-command is only allowed by a rule "
        + "with its name"

    @Test(arguments: [
        ("{'default': 'allow', 'rules': [{'deny': 'quit'}]}", unnamed),
        ("{'default': 'deny', 'rules': [{'allow': '*'}]}", unnamed),
        ("{'default': 'deny', 'rules': [{'allow': 'human-monitor-comman?'}]}", unnamed),
        (
            "{'default': 'allow', 'rules': [{'deny': 'human-*'}, {'allow': 'human-monitor-command'}]}",
            "The command human-monitor-command is refused by guard: rule 1"
        ),
        ("{'default': 'deny', 'rules': [{'allow': 'human-monitor-command'}]}", "+ human-monitor-command"),
    ])
    func theHumanMonitorIsAllowedByItsNameOnly(settings: String, line: String) throws {
        var client = try GuardedClient(settings)
        #expect(
            client.says(#"{"execute": "human-monitor\u002dcommand", "arguments": {"command-line": "quit"}}"#) == [line]
        )
    }

    @Test(arguments: [
        ("info status", true),
        ("info block -v", true),
        ("quit", false),
        ("q", false),
        (" quit", false),
        (#"\tinfo status"#, false),
        (#"info status\nquit"#, false),
        (#"info\u0000quit"#, false),
        (#"info status\r\nquit"#, false),
        (#"info status\u007f"#, false),
        (#"inf\u006f status"#, true),
        ("INFO status", false),
    ])
    func aLineOfTheHumanMonitorIsAsThePatternSays(text: String, goesOn: Bool) throws {
        var client = try GuardedClient(
            """
            {'default': 'deny',
             'rules': [{'allow': 'human-monitor-command', 'arguments': {'command-line': 'info *'}}]}
            """
        )
        let command = #"{"execute": "human-monitor-command", "arguments": {"command-line": "\#(text)"}}"#
        #expect(client.says(command) == [goesOn ? "+ human-monitor-command" : Self.unnamed])
    }

    @Test func whoHidesIsNotLetOff() throws {
        let settings = "{'default': 'allow', 'rules': [{'deny': 'quit', 'address': '10.0.0.0/8'}]}"
        var gone = try GuardedClient(settings, peer: .other("gone already"))
        #expect(gone.asks("quit") == "The command quit is refused by guard: rule 1")
        var mapped = try GuardedClient(settings, peer: .internet(host: "::ffff:10.1.2.3", port: 1))
        #expect(mapped.asks("quit") == "The command quit is refused by guard: rule 1")
        var other = try GuardedClient(settings, peer: .internet(host: "192.168.0.1", port: 1))
        #expect(other.asks("quit") == "+ quit")
    }
}

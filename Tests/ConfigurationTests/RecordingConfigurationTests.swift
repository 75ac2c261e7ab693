import ArgumentParser
import Libevent
import ProxyIO
import Recording
import Testing

@testable import ProxyCommand

/// What may be said of a recording, by flags and in the file.
@Suite(.timeLimit(.minutes(15)))
struct RecordingConfigurationTests {
    private static let flags = [
        "--record", "r/", "--sync", "always", "--rotate-size", "1MiB", "--rotate-age", "90min", "--keep-segments", "3",
        "--keep-size", "1.5GiB", "--on-record-failure", "close", "--redact", "qom-get /return", "--redact", "x* /a",
    ]
    private static let keys = """
        record: r/
          sync: always
          rotate-size: 1MiB
          rotate-age: 90min
          keep-segments: 3
          keep-size: 1.5GiB
          on-record-failure: close
          redact: [qom-get /return, "x* /a"]
        """

    private static func file(_ keys: String) -> String {
        "monitors:\n- name: vm0\n  qemu: unix:q\n  listen: [unix:l]\n  \(keys)"
    }

    private func served(_ flags: [String]) throws -> [MonitorConfiguration] {
        try Serve.parse(["--qemu", "unix:q", "--listen", "unix:l"] + flags).monitors()
    }

    private func told(_ flags: [String]) -> [String] {
        do {
            _ = try served(flags)
            return []
        } catch let error as Configuration.Invalid {
            return error.problems.map(\.description)
        } catch {
            return ["\(Serve.message(for: error))"]
        }
    }

    @Test func readsEveryFlagAndKey() throws {
        let expected = MonitorConfiguration(
            name: "vm0",
            monitor: .connect(.unix(path: "q")),
            listeners: [.unix(path: "l")],
            recording: RecordingOptions(
                path: "r/",
                sync: .always,
                rotateBytes: 1 << 20,
                rotateAge: .seconds(5400),
                keepSegments: 3,
                keepBytes: 3 << 29
            ),
            needsRecording: true,
            redaction: [try RedactionRule(parsing: "qom-get /return"), try RedactionRule(parsing: "x* /a")]
        )
        #expect(try served(Self.flags) == [expected])
        #expect(try ConfigurationCase(yaml: Self.file(Self.keys)).monitors() == [expected])
    }

    @Test func completesTheFile() throws {
        let flags = ["--sync", "none", "--redact", "a /b", "--on-record-failure", "continue", "--no-redaction"]
        let monitor = try #require(try ConfigurationCase(yaml: Self.file(Self.keys), flags: flags).monitors().first)
        #expect(monitor.recording?.sync == RecordingOptions.Sync.none)
        #expect(monitor.recording?.keepSegments == 3)
        #expect(!monitor.needsRecording)
        #expect(monitor.redaction == nil)
    }

    @Test(arguments: [
        (["--record", "r", "--sync", "often"], "'--sync <WHEN>': wanted is none, interval or always"),
        (
            ["--record", "r", "--rotate-size", "256"],
            "'--rotate-size <SIZE>': wanted is a size with its unit, such as 256MiB"
        ),
        (
            ["--record", "r", "--rotate-age", "0s"],
            "'--rotate-age <DURATION>': wanted is a duration with its unit, such as 24h"
        ),
        (["--record", "r", "--keep-segments", "0"], "'--keep-segments <N>': wanted is a whole number from 1"),
        (
            ["--record", "r", "--on-record-failure", "stop"],
            "'--on-record-failure <WHAT>': wanted is continue or close"
        ),
    ])
    func refusesFlags(flags: [String], ending: String) {
        let error = #expect(throws: (any Error).self) { try QMPProxy.parseAsRoot(["serve"] + flags) }
        #expect(error.map { QMPProxy.message(for: $0).hasSuffix(ending) } == true)
    }

    @Test func wantsToKnowWhereTheRecordingGoes() {
        let start = "qmp-proxy: --record is missing: wanted is where to, since"
        #expect(told(["--keep-size", "1GiB", "--sync", "none"]) == ["\(start) --sync, --keep-size is said"])
        #expect(told(["--no-redaction"]) == ["\(start) --no-redaction is said"])
    }

    @Test func tellsWhatIsWrongInTheFile() throws {
        let yaml = Self.file("record: r\n  sync: 1\n  keep-size: 5\n  redact: [x, [y]]\n  no-redaction: maybe")
        let place = "vm.yaml:"
        #expect(
            try ConfigurationCase(yaml: yaml).told().map { $0.hasPrefix(place) ? String($0.dropFirst(8)) : $0 } == [
                "6:9: monitors[0].sync: found \"1\": wanted is none, interval or always",
                "7:14: monitors[0].keep-size: found \"5\": wanted is a size with its unit, such as 256MiB",
                "8:12: monitors[0].redact[0]: found \"x\": \(Self.wrongRule("x"))",
                "8:15: monitors[0].redact[1]: found a list: wanted is a rule such as 'qom-get /return'",
                "9:17: monitors[0].no-redaction: found \"maybe\": wanted is true or false",
            ]
        )
    }

    private static func wrongRule(_ text: String) -> String {
        do {
            return "\(try RedactionRule(parsing: text))"
        } catch {
            return "\(error)"
        }
    }

    @Test func saysWhatIsRecorded() throws {
        let monitor = try #require(try served(Self.flags).first)
        #expect(
            monitor.summary == """
                vm0
                  qemu:               unix:q
                  listen:             unix:l
                  record:             r/
                  sync:               always
                  rotate-size:        1MiB
                  rotate-age:         90min
                  keep-segments:      3
                  keep-size:          1536MiB
                  on-record-failure:  close
                  redact:             qom-get /return
                  redact:             x* /a
                  no-redaction:       false
                  max-clients:        1024
                  keep-clients:       false
                  socket-mode:        0600
                """
        )
        let plain = try #require(try served(["--record", "r", "--no-redaction"]).first)
        #expect(plain.warnings == ["the recording will hold passwords and other secrets"])
    }
}

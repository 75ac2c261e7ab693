import QMP
import Testing

@testable import Guard

/// An argument is judged by what it means, not by how it is written.
@Suite(.timeLimit(.minutes(15)))
struct ArgumentPatternTests {
    private func pattern(_ place: String, _ glob: String) throws -> ArgumentPattern {
        ArgumentPattern(try ArgumentPattern.pointer(place), Glob(glob))
    }

    @Test(arguments: [
        ("tag", "snap-*", "{'tag': 'snap-1'}"),
        ("tag", "snap-*", #"{"tag": "sn\u0061p-1"}"#),
        ("size", "1", "{'size': 1}"), ("size", "1", "{'size': 1.0}"), ("size", "1", "{'size': 1e0}"),
        ("size", "1", "{'size': '1'}"), ("size", "0", "{'size': -0}"), ("size", "0", "{'size': -0.0}"),
        ("speed", "0.1", "{'speed': 0.10}"), ("speed", "18446744073709551615", "{'speed': 18446744073709551615}"),
        ("force", "true", "{'force': true}"), ("force", "null", "{'force': null}"),
        ("/file/filename", "/srv/*", "{'file': {'filename': '/srv/a/b'}}"),
        ("/a~1b", "x", "{'a/b': 'x'}"), ("a.b", "x", "{'a.b': 'x'}"),
        ("/devices/*", "disk?", "{'devices': ['disk0', 'disk1']}"),
        ("/devices/1", "disk1", "{'devices': ['x', 'disk1']}"),
        ("devices", #"["disk0", 2]"#, "{'devices': ['disk0',2]}"),
        ("name", "*/../*", "{'name': '*/../*'}"),
    ])
    func whatIsAsItSays(place: String, glob: String, arguments: String) throws {
        let arguments = try JSONValue(parsing: Bytes(text: arguments))
        #expect(try pattern(place, glob).matchesAll(in: arguments))
        #expect(try pattern(place, glob).matchesAny(in: arguments))
    }

    @Test(arguments: [
        ("tag", "snap-*", "{}"), ("tag", "*", "{'Tag': 'x'}"), ("tag", "snap", "{'tag': 'snap-1'}"),
        ("tag", "1", "{'tag': 1.5}"), ("/tag/x", "*", "{'tag': 'x'}"), ("tag", "*", "{'other': {'tag': 'x'}}"),
    ])
    func whatIsNotAsItSays(place: String, glob: String, arguments: String) throws {
        let arguments = try JSONValue(parsing: Bytes(text: arguments))
        #expect(try !pattern(place, glob).matchesAll(in: arguments))
        #expect(try !pattern(place, glob).matchesAny(in: arguments))
    }

    @Test(arguments: [
        ("file", "/srv/*", "{'file': '/srv/../etc/passwd'}"), ("file", "/srv/*", "{'file': '/srv/x/..'}"),
        ("line", "info *", #"{"line": "info status\nquit"}"#), ("line", "info *", #"{"line": "info \u0000"}"#),
        ("devices", "*disk0*", "{'devices': ['disk0', 'disk1']}"), ("file", "*srv*", "{'file': {'x': '/srv'}}"),
        ("/devices/*", "disk0", "{'devices': ['disk0', 'disk1']}"),
    ])
    func whatIsEnoughToDenyButNotToAllow(place: String, glob: String, arguments: String) throws {
        let arguments = try JSONValue(parsing: Bytes(text: arguments))
        #expect(try !pattern(place, glob).matchesAll(in: arguments))
        #expect(try pattern(place, glob).matchesAny(in: arguments))
    }
}

import QMP
import Recording
import Testing

/// What is redacted, and what next to it stays.
@Suite(.timeLimit(.minutes(15)))
struct RedactionTests {
    // MARK: - Commands

    @Test(arguments: [
        #"set_password", "arguments": {"protocol": "vnc", "password": ⟪"x"⟫}}"#,
        #"change-vnc-password", "arguments": {"password": ⟪"x"⟫}}"#,
        #"change", "arguments": {"device": "vnc", "target": "password", "arg": ⟪"x"⟫}}"#,
        #"expire_password", "arguments": {"protocol": "vnc", "time": "now"}}"#,
        #"object-add", "arguments": {"qom-type": "secret", "id": "s", "data": ⟪"x"⟫, "keyid": "k", "iv": "i"}}"#,
        #"object-add", "arguments": {"qom-type": "secret", "id": "s", "props": {"data": ⟪"x"⟫, "file": "/f"}}}"#,
        #"object-add", "arguments": {"qom-type": "secret_keyring", "id": "s", "serial": ⟪17⟫}}"#,
        #"object-add", "arguments": {"qom-type": "sev-snp-guest", "id-auth": ⟪"x"⟫, "host-data": ⟪"x"⟫}}"#,
        #"object-add", "arguments": {"qom-type": "memory-backend-ram", "id": "m", "size": 1024}}"#,
        #"object-add", "arguments": {"qom-type": "tls-creds-x509", "id": "t", "passwordid": "s"}}"#,
        #"sev-inject-launch-secret", "arguments": {"packet-header": ⟪"x"⟫, "secret": ⟪"x"⟫, "gpa": 1}}"#,
        #"blockdev-add", "arguments": {"driver": "https", "cookie": ⟪"x"⟫, "cookie-secret": "s"}}"#,
        #"blockdev-add", "arguments": {"driver": "raw", "file": {"driver": "iscsi", "password": ⟪"x"⟫, "user": "u"}}}"#,
        #"blockdev-add", "arguments": {"driver": "rbd", "key": ⟪"x"⟫, "key-secret": "s", "file.password": ⟪"x"⟫}}"#,
        #"blockdev-add", "arguments": {"driver": "luks", "password-secret": "s", "data-file": "d"}}"#,
        #"blockdev-reopen", "arguments": {"options": [{"driver": "rbd", "file": {"key": ⟪"x"⟫}}]}}"#,
        #"blockdev-create", "arguments": {"job-id": "j", "options": {"driver": "rbd", "location": {"key": ⟪"x"⟫}}}}"#,
        #"x-blockdev-amend", "arguments": {"options": {"new-secret": "s", "key": ⟪"x"⟫}}}"#,
        #"send-key", "arguments": {"keys": ⟪[{"type": "qcode", "data": "x"}]⟫, "hold-time": 100}}"#,
        #"input-send-event", "arguments": {"device": "d", "events": ⟪[{"type": "key"}]⟫}}"#,
        #"ringbuf-write", "arguments": {"device": "d", "data": ⟪"x"⟫, "format": "utf8"}}"#,
        #"qom-set", "arguments": {"path": "/objects/s", "property": "data", "value": ⟪"x"⟫}}"#,
        #"qom-set", "arguments": {"path": "/objects/s", "property": "pasword", "value": ⟪{"a": 1}⟫}}"#,
        #"qom-set", "arguments": {"path": "/machine/b", "property": "temperature", "value": 20}}"#,
        #"qom-set", "arguments": {"path": "/machine/b", "value": ⟪20⟫}}"#,
        #"qom-get", "arguments": {"path": "/machine", "property": "date"}}"#,
        #"migrate", "arguments": {"uri": ⟪"exec:cat > /x"⟫, "detach": true}}"#,
        #"migrate", "arguments": {"uri": "tcp:host:4444"}}"#,
        #"migrate-incoming", "arguments": {"uri": "defer"}}"#,
        #"migrate-incoming", "arguments": {"uri": ⟪"exec:x"⟫}}"#,
        #"migrate", "arguments": {"channels": [{"addr": {"transport": "exec", "args": ⟪["sh", "-c", "x"]⟫}}]}}"#,
        #"guest-set-user-password", "arguments": {"username": "u", "password": ⟪"x"⟫, "crypted": false}}"#,
        #"guest-ssh-add-authorized-keys", "arguments": {"username": "u", "keys": ⟪["x"]⟫}}"#,
        #"guest-exec", "arguments": {"path": "sh", "arg": ⟪["x"]⟫, "env": ⟪["x"]⟫, "input-data": ⟪"x"⟫}}"#,
        #"guest-file-write", "arguments": {"handle": 1, "buf-b64": ⟪"eA=="⟫, "count": 1}}"#,
        #"guest-file-read", "arguments": {"handle": 1, "count": 4096}}"#,
        // A slip does not give it away; whatever the command, a password is one.
        #"set_pasword", "arguments": {"protocol": "vnc", "password": ⟪"x"⟫}}"#,
        #"objct-add", "arguments": {"qom-type": "secret", "dta": ⟪"x"⟫}}"#,
        #"x-new", "arguments": {"a": [{"password": ⟪null⟫}], "passwordid": "s", "data": "d"}}"#,
        // An envelope that QEMU refuses.
        #"set_password", "arguments": ⟪["vnc", "x"]⟫}"#,
        #"set_password", "argument": ⟪{"password": "x"}⟫, "id": "i"}"#,
        #"query-status", "argument": {"a": "b"}, "id": "i"}"#,
        #"query-status", "password": ⟪"x"⟫, "id": {"password": "i"}}"#,
    ])
    func redactsTheSecretsOfACommand(marked: String) {
        let marked = #"{"execute": ""# + marked
        #expect(redacted(marked.unmarked) == marked.redactedWhereMarked)
    }

    @Test(arguments: [
        #"{"exec": ⟪"set_password"⟫, "arguments": {"password": "x"}, "id": 1}"#,
        #"{"execute": ⟪["set_password"]⟫, "id": 1}"#, #"{"id": 7, "data": ⟪"x"⟫}"#,
        #"{"execute": "set_password", "exec-oob": "set_password", "control": ⟪"x"⟫}"#,
        #"{"execute": "stop", "exec-oob": "stop", "arguments": {"a": "b"}}"#,
        #"{"exec-oob": "set_password", "arguments": {"password": ⟪"x"⟫}}"#,
        #"{"id": 7, "device": "d"}"#,
    ])
    func redactsAllButTheIDWhereItIsNotSaidWhatToExecute(marked: String) {
        let all = marked.replacing(
            #""arguments": {"password": "x"}"#,
            with: #""arguments": ⟪{"password": "x"}⟫"#
        )
        #expect(redacted(all.unmarked) == all.redactedWhereMarked)
    }

    // MARK: - Credentials anywhere

    @Test(arguments: [
        "http://user:hunter2@host/x", "before 'ssh://u:p@h' behind", "iscsi://user%hunter2@host/iqn/0",
        "json:{\"driver\": \"http\", \"file.password\": \"x\"}", "json:{'cookie': 'x'}",
        "rbd:pool/image:id=a:key=QVE=",
        "json:{\"\\u0070assword\": 1}", "http://user:hunt/er2@host/", "https://:p@[::1]:80/",
        "nbd://h/a https://u:p@h",
    ])
    func redactsAStringWithCredentials(text: String) {
        let value = JSONValue.string(text).written().text
        let messages = [
            #"{"execute": "x", "arguments": {"a": ["b", \#(value)]}}"#,
            #"{"timestamp": {}, "event": "E", "data": \#(value)}"#,
            #"{"return": {"file": \#(value)}, "id": 1}"#,
            #"{"id": 1, "error": {"class": "C", "desc": \#(value)}}"#,
        ]
        for message in messages {
            let expected = message.replacing(value, with: #""[redacted]""#)
            if message.hasPrefix(#"{"execute"#) {
                #expect(redacted(message) == expected)
            } else {
                #expect(told(message, after: #"{"execute": "query-block"}"#) == expected)
            }
        }
    }

    @Test(arguments: [
        "http://host:8080/path", "http://host:8080/a@b", "ssh://user@host:22/x",
        "/pci@i0cf8/scsi@3:1,0/disk@0,0",
        "user@host", "json:{\"driver\": \"rbd\", \"key-secret\": \"s\"}",
        "rbd:pool/image@snap:id=admin",
        "http://[fe80::1]:80/a@b", "Parameter 'password' is missing", "a = b@c : d", "C:\\\\x@y",
        "key: value",
        "nbd://host/export", "virtio-blk@0: key=1",
    ])
    func leavesAStringWithout(text: String) {
        let value = JSONValue.string(text).written().text
        let command = #"{"execute": "x", "arguments": {"a": \#(value)}}"#
        let reply = #"{"return": {"file": \#(value)}, "id": 1}"#
        #expect(redacted(command) == command)
        #expect(told(reply, after: #"{"execute": "query-block"}"#) == reply)
    }

    // MARK: - The human monitor

    @Test(arguments: [
        "set_password vnc hunter2", " \tset_password vnc x", "change vnc password",
        "change vnc passwd x",
        "object_add secret,id=s,data=x", "drive_add 0 file=x", "qom-set /objects/s data x",
        "qom-get /objects/s data",
        "sendkey h-u-n", "ringbuf_write d x", "ringbuf_read d 10", "migrate exec:cat",
        "migrate -d \"exec:cat > /x\"",
        "migrate_incoming exec:x", "sendkey/x h", "set_pasword vnc x", "nbd_server_start user:pw@host",
        "qemu-io d \"open -o password=x\"", "drive_mirror d http://u:p@h/x", "x-colo cookie=1",
    ])
    func redactsALineForTheHumanMonitorThatCarriesASecret(line: String) {
        let value = JSONValue.string(line).written().text
        let start = #"{"execute": "human-monitor-command", "arguments": {"command-line": "#
        let command = start + value + #", "cpu-index": 0}}"#
        #expect(redacted(command) == start + #""[redacted]", "cpu-index": 0}}"#)
        #expect(
            told(#"{"return": "x\r\n", "id": 1}"#, after: command)
                == #"{"return": "[redacted]", "id": 1}"#
        )
        #expect(told(#"{"return": "", "id": 1}"#, after: command) == #"{"return": "", "id": 1}"#)
    }

    @Test(arguments: [
        "info status", "change ide1-cd0 /a.iso", "help set_password", "migrate -d tcp:host:44",
        "migrate_set_speed 1",
        "device_add virtio-blk-pci,drive=d", "", "  ", "drive_mirror d ssh://user@h/x",
        "qom-list /objects",
        "boot_set user@host", "qom-list /objects/password",
    ])
    func leavesALineThatCarriesNone(line: String) {
        let value = JSONValue.string(line).written().text
        let command = #"{"execute": "human-monitor-command", "arguments": {"command-line": \#(value)}}"#
        #expect(redacted(command) == command)
        let reply = #"{"return": "VM status: running\r\n", "id": 1}"#
        #expect(told(reply, after: command) == reply)
    }

    // MARK: - Replies

    @Test(arguments: [
        (
            #"qom-get", "arguments": {"path": "s", "property": "data"}}"#,
            #"{"return": ⟪"hunter2"⟫, "id": 1}"#
        ),
        (
            #"qom-get", "arguments": {"path": "s", "property": "type"}}"#,
            #"{"return": "secret", "id": 1}"#
        ),
        (#"qom-get"}"#, #"{"return": ⟪[1]⟫}"#),
        (
            #"qom-list-get"}"#,
            #"{"return": [{"properties": [{"name": "data", "value": ⟪"x"⟫, "type": "str"}]}]}"#
        ),
        (#"ringbuf-read"}"#, #"{"return": ⟪"x"⟫, "id": 1}"#),
        (
            #"guest-exec-status"}"#, #"{"return": {"exitcode": 0, "out-data": ⟪"x"⟫, "err-data": ⟪"y"⟫}}"#
        ),
        (#"guest-file-read"}"#, #"{"return": {"count": 1, "buf-b64": ⟪"eA=="⟫, "eof": true}}"#),
        (#"set_password"}"#, #"{"return": {}, "id": "set_password"}"#),
        (#"set_password"}"#, #"{"id": "x", "error": {"class": "GenericError", "desc": ⟪"bad x"⟫}}"#),
        (#"set_password"}"#, #"{"id": "x", "error": ⟪"bad x"⟫}"#),
        (
            #"x", "arguments": {"uri": "ssh://a:b@c"}}"#,
            #"{"error": {"class": "GenericError", "desc": ⟪"bad b"⟫}}"#
        ),
        (
            #"migrate", "arguments": {"uri": "exec:x"}}"#,
            #"{"error": {"class": "GenericError", "desc": ⟪"no x"⟫}}"#
        ),
        (
            #"blockdev-add", "arguments": {"driver": "rbd", "key": "x"}}"#,
            #"{"error": {"class": "GenericError", "desc": ⟪"no x"⟫}}"#
        ),
        (#"migrate", "arguments": {"uri": "tcp:h:1"}}"#, #"{"error": {"class": "GenericError", "desc": "no"}}"#),
        (#"blockdev-add", "arguments": {"driver": "x"}}"#, #"{"error": {"class": "GenericError", "desc": "no x"}}"#),
        (#"query-status"}"#, #"{"error": {"class": "GenericError", "desc": "plain"}}"#),
        (#"query-status"}"#, #"{"return": {"password": "true"}}"#),
    ])
    func redactsTheSecretsOfAReply(command: String, marked: String) {
        #expect(told(marked.unmarked, after: #"{"execute": ""# + command) == marked.redactedWhereMarked)
    }

    @Test(arguments: [
        #"{"return": ⟪"x"⟫, "id": 1}"#, #"{"return": {}, "id": "ours"}"#, #"{"return": ⟪[{"a": 1}]⟫}"#,
        #"{"id": 1, "error": {"class": "C", "desc": ⟪"x"⟫}}"#, #"{"other": ⟪"x"⟫}"#,
        #"{"QMP": {"version": "x", "capabilities": ["oob"]}}"#,
        #"{"timestamp": {"a": 1}, "event": "E", "data": {"a": "x"}}"#,
    ])
    func redactsWhatIsToNobody(marked: String) {
        for form in [Entry.Form.json, .monitor] {
            var redaction = Redaction()
            let told = redaction.redact(entry(1, .monitor, .received(message(marked.unmarked, form))))
            #expect(told.text == marked.redactedWhereMarked)
        }
    }
}

// MARK: - Saying it in short

/// What becomes of a command of client 1.
private func redacted(_ command: String) -> String {
    var redaction = Redaction()
    return redaction.redact(entry(1, .client(1), .received(message(command)), command: 1)).text
}

/// What becomes of a reply to a command, in a file and on its way from an engine.
private func told(_ reply: String, after command: String) -> String {
    let inFile = told(reply, .monitor, after: command, isLive: false)
    var decoder = MonitorDecoder(looks: true)
    decoder.append(Bytes(text: reply + "\r\n"))
    let isPlain = (try? decoder.next())?.isPlain ?? false
    let live = told(reply, isPlain ? .plainMonitor : .monitor, after: command, isLive: true)
    return inFile == live ? live : "\(inFile) in a file, \(live) live"
}

/// The same, at the monitor and at the client.
private func told(_ reply: String, _ form: Entry.Form, after command: String, isLive: Bool) -> String {
    var redaction = Redaction(isLive: isLive)
    let reply = Entry.Content.message(SplicedMessage(Bytes(text: reply)), form)
    _ = redaction.redact(entry(1, .client(1), .received(message(command)), command: 1))
    _ = redaction.redact(entry(2, .monitor, .sent(message(command)), command: 1))
    let atMonitor = redaction.redact(entry(3, .monitor, .received(reply), command: 1)).text
    let atClient = redaction.redact(entry(4, .client(1), .sent(reply), command: 1)).text
    return atMonitor == atClient ? atClient : "\(atMonitor) at the monitor, \(atClient) at the client"
}

extension String {
    /// Without the marks around secrets.
    fileprivate var unmarked: String { replacing("⟪", with: "").replacing("⟫", with: "") }

    /// With `"[redacted]"` where the marks are.
    fileprivate var redactedWhereMarked: String { replacing(/⟪[^⟫]*⟫/, with: #""[redacted]""#) }
}

extension Entry {
    /// The message in it.
    fileprivate var text: String {
        switch kind {
        case .received(.message(let message, _)), .sent(.message(let message, _)): message.joined.text
        default: "\(kind)"
        }
    }
}

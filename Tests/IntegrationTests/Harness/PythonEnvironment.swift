import Foundation

/// A virtual environment with PyPI's `qemu.qmp` and `pytest`, made once, beside the binary.
struct PythonEnvironment {
    private let folder: String

    /// The environment; made by the first test that asks for it.
    ///
    /// - Throws: ``Failure`` that says what to install if it cannot be made.
    static func shared() throws -> PythonEnvironment {
        PythonEnvironment(folder: try made.get())
    }

    private static let made = Result { try make() }

    private static func make() throws -> String {
        let folder = URL(filePath: try Proxy.binary()).deletingLastPathComponent().appending(path: "qemu-qmp-venv").path
        let check = [folder + "/bin/python", "-c", "import qemu.qmp.qmp_shell, pytest"]
        if run(check).trouble == nil { return folder }
        let steps = [
            ["python3", "-m", "venv", "--clear", folder],
            [folder + "/bin/pip", "install", "--quiet", "--disable-pip-version-check", "qemu.qmp", "pytest"],
            check,
        ]
        for step in steps {
            let (trouble, output, errors) = run(step)
            guard let trouble else { continue }
            throw Failure(
                """
                foreign clients cannot be installed (apt-get install python3-venv; and PyPI must be reachable): \
                \(step.joined(separator: " ")) \(trouble): \(output)\(errors)
                """
            )
        }
        return folder
    }

    /// Runs a step; what is wrong is `nil` if it did what it should.
    private static func run(_ step: [String]) -> (trouble: String?, output: String, errors: String) {
        do {
            let (ending, output, errors) = try Workbench.current.run(step, within: .seconds(120))
            return (ending == .exited(0) ? nil : "\(ending)", output, errors)
        } catch {
            return ("cannot be run", "", "\(error)")
        }
    }

    /// Runs a script to its end and returns what it printed.
    ///
    /// - Throws: ``Failure`` with what it said if its exit status is not 0.
    func run(script: String, _ arguments: String...) throws -> String {
        let path = Workbench.current.newPath("script")
        try script.write(toFile: path, atomically: false, encoding: .utf8)
        return try run([folder + "/bin/python", path] + arguments, input: "/dev/null")
    }

    /// Runs `qmp-shell` with lines typed on its standard input, and returns what it printed.
    func shell(_ arguments: [String], typing lines: String) throws -> String {
        let path = Workbench.current.newPath("typed")
        try lines.write(toFile: path, atomically: false, encoding: .utf8)
        return try run([folder + "/bin/qmp-shell"] + arguments, input: path)
    }

    /// Runs the tests in a file with pytest, in the directory where it lies, and returns what it printed.
    func test(_ file: URL, path: String) throws -> String {
        let directory = file.deletingLastPathComponent().path
        let pytest = "cd '\(directory)'; PATH='\(path)' exec '\(folder)/bin/python' -m pytest -q '\(file.path)'"
        return try run(["/bin/sh", "-c", pytest], input: "/dev/null")
    }

    private func run(_ command: [String], input: String) throws -> String {
        // Its history is a file in the home directory.
        let home = ["HOME": Workbench.current.directory]
        let (ending, output, errors) = try Workbench.current.run(command, environment: home, input: input)
        guard ending == .exited(0) else { throw Failure("\(command[0]) \(ending): \(output)\(errors)") }
        return output
    }
}

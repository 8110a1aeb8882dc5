namespace SimCLR

/// By which source a custom component is computed. The component's own value is its name, version and settings; the source stands beside what was
/// computed.
type CustomSource =
    {
        /// "loss", "view", "encoder", ...
        Kind: string
        Name: string
        Version: int
        /// The file that registered it, without its folder; the assembly's where that file is not on this machine.
        File: string
        /// Of that file and of those that it loads, 64 hexadecimal digits.
        Sha256: string
    }

[<RequireQualifiedAccess>]
module internal CustomSource =

    open System
    open System.IO
    open System.Reflection
    open System.Security.Cryptography
    open System.Text
    open System.Text.RegularExpressions

    /// Files that a script names by #load, relative to its own folder.
    let private loaded (path: string) (text: string) =
        let folder = Path.GetDirectoryName path |> Option.ofObj |> Option.defaultValue ""

        [
            for line in Regex.Matches(text, @"^[ \t]*#load\b(.*)$", RegexOptions.Multiline) do
                for name in Regex.Matches(line.Groups[1].Value, "\"([^\"]+)\"") do
                    Path.GetFullPath(Path.Combine(folder, name.Groups[1].Value))
        ]
        |> List.filter File.Exists

    /// A file and what it loads, each once, with the line ends of Unix.
    let rec private texts (seen: string list) path =
        if List.contains path seen then
            []
        else
            let text = (File.ReadAllText path).Replace("\r\n", "\n")

            text :: (loaded path text |> List.collect (texts (path :: seen)))

    let private sha (bytes: byte[]) =
        Convert.ToHexStringLower(SHA256.HashData bytes)

    /// The name and the SHA-256 of what registers: the source file where it is there, else the assembly that has the code.
    let hash (path: string) (assembly: Assembly) =
        if File.Exists path then
            Path.GetFileName path,
            texts [] (Path.GetFullPath path)
            |> String.concat "\n"
            |> Encoding.UTF8.GetBytes
            |> sha
        elif not assembly.IsDynamic && File.Exists assembly.Location then
            Path.GetFileName assembly.Location, sha (File.ReadAllBytes assembly.Location)
        else
            // Typed into a session: nothing tells two such sources apart.
            "typed", sha [||]

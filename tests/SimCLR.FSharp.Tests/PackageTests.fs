/// What ./simclr pack and plain dotnet pack make. That users are served by it, .ci/packages shows.
module SimCLR.Tests.PackageTests

open System
open System.Diagnostics
open System.IO
open System.IO.Compression
open System.Reflection.Metadata
open System.Reflection.PortableExecutable
open System.Text.RegularExpressions
open System.Xml.Linq
open SimCLR
open SimCLR.Tests.Launcher
open Xunit

let private version =
    let props = XDocument.Load(Path.Combine(root, "Directory.Build.props"))
    (props.Descendants "Version" |> Seq.exactlyOne).Value

/// Packs what these tests were built with.
let private pack (folder: string) =
    let configuration = DirectoryInfo(AppContext.BaseDirectory).Parent |> nonNull

    let start =
        ProcessStartInfo(
            "dotnet",
            [
                "pack"
                "SimCLR.Research.sln"
                "-c"
                configuration.Name
                "--no-build"
                "-o"
                folder
            ],
            WorkingDirectory = root,
            RedirectStandardOutput = true,
            RedirectStandardError = true
        )

    use started = Process.Start start
    let errors = started.StandardError.ReadToEndAsync()
    let output = started.StandardOutput.ReadToEnd()
    started.WaitForExit()
    Assert.True((started.ExitCode = 0), output + errors.Result)

let private entry (name: string) (archive: ZipArchive) =
    use stream = (archive.GetEntry name |> nonNull).Open()
    let copy = new MemoryStream()
    stream.CopyTo copy
    copy.Position <- 0L
    copy

/// The files of a package, without what every package has.
let private contents (archive: ZipArchive) =
    [
        for file in archive.Entries do
            if
                not (Regex.IsMatch(file.FullName, @"^(_rels|package)/|^\[Content_Types\]"))
                && not (file.FullName.EndsWith ".nuspec")
            then
                file.FullName
    ]
    |> List.sort

/// Names and versions that it asks for; and what else its nuspec says.
let private nuspec name archive =
    let document = XDocument.Load(entry $"{name}.nuspec" archive)

    let all local =
        document.Descendants() |> Seq.filter (fun e -> e.Name.LocalName = local)

    let text local = (all local |> Seq.exactlyOne).Value

    let dependencies =
        [
            for dependency in all "dependency" ->
                (dependency.Attribute "id" |> nonNull).Value, (dependency.Attribute "version" |> nonNull).Value
        ]

    dependencies |> List.sort, text

[<Fact>]
let ``Two packages are made, for any platform, with page, licence, documentation, symbols, sources and ranges`` () =
    inFolder (fun folder ->
        pack folder

        let made =
            Directory.GetFiles folder |> Array.map (fun file -> FileInfo(file).Name) |> Set

        Assert.Equal<string Set>(
            set
                [
                    for name in [ "SimCLR.Core"; "SimCLR.FSharp" ] do
                        $"{name}.{version}.nupkg"
                        $"{name}.{version}.snupkg"
                ],
            made
        )

        let read name ending =
            ZipFile.OpenRead(Path.Combine(folder, $"{name}.{version}.{ending}"))

        for name in [ "SimCLR.Core"; "SimCLR.FSharp" ] do
            use package = read name "nupkg"
            use symbols = read name "snupkg"
            // No native library, no runtime identifier.
            Assert.Equal<string list>(
                [ "README.md"; $"lib/net10.0/{name}.dll"; $"lib/net10.0/{name}.xml" ],
                contents package
            )

            Assert.Equal<string list>([ $"lib/net10.0/{name}.pdb" ], contents symbols)

            use library = new PEReader(entry $"lib/net10.0/{name}.dll" package)
            // ILOnly without a processor: I386 is what AnyCPU is written as.
            Assert.Equal(Machine.I386, library.PEHeaders.CoffHeader.Machine)
            Assert.False((nonNull library.PEHeaders.CorHeader).Flags.HasFlag CorFlags.Requires32Bit)

            use documents =
                MetadataReaderProvider.FromPortablePdbStream(entry $"lib/net10.0/{name}.pdb" symbols)

            let pdb = documents.GetMetadataReader()
            let embedded = Guid "0E8A571B-6926-466E-B4AD-8AB04611F5FE"

            let sources =
                pdb.CustomDebugInformation
                |> Seq.map pdb.GetCustomDebugInformation
                |> Seq.filter (fun information -> pdb.GetGuid information.Kind = embedded)
                |> Seq.length

            Assert.True(sources > 50, $"{name}'s symbols have {sources} sources")

            let _, text = nuspec name package
            Assert.Equal(version, text "version")
            Assert.Equal("MIT", text "license")
            Assert.Equal("README.md", text "readme")

        use core = read "SimCLR.Core" "nupkg"

        Assert.Equal<(string * string) list>(
            [
                "NetVips", "[3.2.0, 4.0.0)"
                "NetVips.Native", "[8.18.7, 8.19.0)"
                "TorchSharp", "[0.107.0, 0.108.0)"
            ],
            fst (nuspec "SimCLR.Core" core)
        )

        use values = read "SimCLR.FSharp" "nupkg"
        let asked = Map(fst (nuspec "SimCLR.FSharp" values))
        Assert.Equal($"[{version}]", asked["SimCLR.Core"])
        Assert.Equal("10.1.403", asked["FSharp.Core"])

        // All that is referred to is asked for, as a range; what those packages ask for themselves is left to them.
        let references =
            File.ReadAllLines(Path.Combine(root, "SimCLR.FSharp", "paket.references"))
            |> Array.filter (String.IsNullOrWhiteSpace >> not)

        Assert.Equal<string Set>(set (Array.append [| "SimCLR.Core" |] references), set (Map.keys asked))

        for KeyValue(name, range) in asked |> Map.remove "FSharp.Core" |> Map.remove "SimCLR.Core" do
            Assert.True(Regex.IsMatch(range, @"^\[[\d.]+, [\d.]+\)$"), $"{name} {range}"))

[<Fact>]
let ``The page of the packages names the versions that are packed and restored`` () =
    let page = File.ReadAllText(Path.Combine(root, "docs", "own-project.md"))

    let restored package =
        Regex
            .Match(File.ReadAllText(Path.Combine(root, "paket.lock")), $@"(?m)^    {Regex.Escape package} \(([\d.]+)\)")
            .Groups[1].Value

    let whole (text: string) =
        if text.Split('.').Length = 2 then text + ".0" else text

    let named pattern =
        [
            for found in Regex.Matches(page, $"{pattern}(?:, |\" Version=\"| )([0-9][0-9.]*[0-9])") ->
                found.Groups[1].Value
        ]

    for pattern, expected in
        [
            @"SimCLR\.(?:Core|FSharp)", version
            "TorchSharp-cpu", whole (restored "TorchSharp")
            @"FSharp\.Core", restored "FSharp.Core"
        ] do
        Assert.NotEmpty(named pattern)
        Assert.All(named pattern, (fun found -> Assert.Equal(expected, found)))

[<Fact>]
let ``A build's version and commit are read from its informational version`` () =
    Assert.Equal(("0.2.0", "93c9"), Provenance.ofBuild "0.2.0+93c9")
    Assert.Equal(("0.2.0", "93c9, dirty"), Provenance.ofBuild "0.2.0+93c9.dirty")
    Assert.Equal(("0.2.0", "unknown"), Provenance.ofBuild "0.2.0")

[<Fact>]
let ``A provenance names the version and commit of the library, and the commit of the folder of the script`` () =
    let said = Provenance.setting []
    Assert.Contains($"SimCLR.Research {version}, ", said["versions"])

    if
        Directory.Exists(Path.Combine(root, ".git"))
        || File.Exists(Path.Combine(root, ".git"))
    then
        Assert.Matches("^[0-9a-f]{40}(, dirty)?$", said["commit"])

    Assert.True(said.ContainsKey "script")

namespace SimCLR

/// A component that a script or a project brings along: hashed, printed, compared and stored like any other. What it does is registered under its
/// kind, name and version (Loss.Define, View.Define, ...) in every process that executes it.
type Custom =
    {
        Name: string
        /// Raised by its author when it computes something else than before.
        Version: int
        Settings: Map<string, float>
    }

/// The settings of a custom component, as what it does is given them.
[<Sealed>]
type Settings internal (owner: string, values: Map<string, float>) =

    /// The number of that name; raises WrongValueException where the component has none.
    member _.Item
        with get (name: string): float =
            match Map.tryFind name values with
            | Some value -> value
            | None ->
                let names = values |> Map.keys |> String.concat ", "
                wrongValue $"The {owner} has no setting '{name}'; it is defined with: {names}."

    /// The whole number of that name; raises WrongValueException where it is not whole.
    member settings.Whole(name: string) : int =
        match settings[name] with
        | value when value = round value && abs value < 2e9 -> int value
        | value -> wrongValue $"The setting '{name}' of the {owner} is {value}; use a whole number."

/// What values must know of a component without what does it.
[<NoEquality; NoComparison>]
type internal Facts =
    {
        /// The side of what a view makes, given that of an image; of custom images their own.
        Side: Settings -> int -> int
        /// Of custom images.
        Channels: int
        /// Whether custom images have labels.
        HasLabels: bool
        /// The figures that a measurement may give.
        Figures: (string * FigureUnit) list
        /// Whether a measurement reads labels.
        NeedsLabels: bool
        /// Whether a measurement reads the projection head.
        ReadsHead: bool
    }

[<RequireQualifiedAccess>]
module internal Facts =

    let plain =
        {
            Side = fun _ side -> side
            Channels = 3
            HasLabels = true
            Figures = []
            NeedsLabels = false
            ReadsHead = false
        }

/// What is registered of a custom component.
[<NoEquality; NoComparison>]
type internal Definition =
    {
        Source: CustomSource
        Path: string
        Line: int
        Defaults: Map<string, float>
        /// Makes what does it, of the type that its kind asks for.
        Make: Settings -> obj
        Facts: Facts
    }

[<RequireQualifiedAccess>]
module internal Custom =

    open System
    open System.Collections.Concurrent
    open System.IO
    open System.Text.RegularExpressions
    open SimCLR.ValueShape

    let private registry = ConcurrentDictionary<string * string * int, Definition>()

    let private title kind name version =
        $"custom {kind} '{name}', version {version},"

    let private checkNames kind name version (settings: string list) =
        let isName (text: string) =
            Regex.IsMatch(text, "^[A-Za-z][A-Za-z0-9_-]{0,63}$")

        if not (isName name) then
            wrongValue
                $"A custom {kind} is named '{name}'; use a letter, then letters, digits, - and _, for example 'my-{kind}'."

        if version < 1 then
            wrongValue $"The {title kind name version} needs a version of 1 or more."

        for setting in settings do
            if not (isName setting) then
                wrongValue
                    $"The {title kind name version} has a setting '{setting}'; use a letter, then letters, digits, - and _."

        match settings |> List.countBy id |> List.filter (fun (_, count) -> count > 1) with
        | [] -> ()
        | (setting, _) :: _ -> wrongValue $"The {title kind name version} has the setting '{setting}' twice."

    /// Registers what a component of that kind does; gives what makes its values of settings that differ from the defaults.
    let define
        kind
        (name: string)
        version
        (defaults: (string * float) seq)
        path
        line
        facts
        (make: Settings -> obj)
        code
        =
        let defaults = List.ofSeq defaults
        checkNames kind name version (List.map fst defaults)
        let file, sha = CustomSource.hash path code

        let definition =
            {
                Source =
                    {
                        Kind = kind
                        Name = name
                        Version = version
                        File = file
                        Sha256 = sha
                    }
                Path = path
                Line = line
                Defaults = Map defaults
                Make = make
                Facts = facts
            }

        registry.AddOrUpdate(
            (kind, name, version),
            definition,
            fun _ before ->
                // A notebook's cell, or a script in a session, may be evaluated again.
                let isAgain =
                    (before.Path, before.Line) = (path, line) || before.Source.Sha256 <> sha

                if before.Path <> path || not isAgain then
                    wrongValue
                        $"The {title kind name version} is defined twice, in {before.Path}, line {before.Line}, and in {path}, line {line}; give one of them another name or version."

                definition
        )
        |> ignore

        fun (given: (string * float) list) ->
            for setting, _ in given do
                if not (definition.Defaults.ContainsKey setting) then
                    let names = definition.Defaults |> Map.keys |> List.ofSeq
                    let all = String.concat ", " names

                    wrongValue (
                        $"The {title kind name version} has no setting '{setting}'; it has {all}."
                        + Near.question (Near.byKey id setting names)
                    )

            {
                Name = name
                Version = version
                Settings =
                    (definition.Defaults, given)
                    ||> List.fold (fun all (name, value) -> Map.add name value all)
            }

    let private tryFind kind (custom: Custom) =
        match registry.TryGetValue((kind, custom.Name, custom.Version)) with
        | true, definition -> Some definition
        | _ -> None

    let private settings kind (custom: Custom) =
        Settings($"{kind} '{custom.Name}'", custom.Settings)

    let private missing kind (custom: Custom) =
        let known =
            match
                [
                    for other, name, version in registry.Keys do
                        if other = kind then
                            $"{name} {version}"
                ]
            with
            | [] -> "none is"
            | names -> String.concat ", " (List.sort names) + " is"

        $"the {title kind custom.Name custom.Version} which is not registered in this process ({known}): load the script, or call the code, that defines it"

    /// Makes what a component does.
    let make<'T> kind (custom: Custom) : 'T =
        match tryFind kind custom with
        | Some definition -> unbox<'T>(definition.Make(settings kind custom))
        | None -> wrongValue $"This needs {missing kind custom}."

    let private facts kind custom =
        match tryFind kind custom with
        | Some definition -> definition.Facts
        | None -> Facts.plain

    /// The side of what a custom view makes; that of the image where it is not registered.
    let side (custom: Custom) (size: int) =
        (facts "view" custom).Side (settings "view" custom) size

    /// The side of custom images; None where they are not registered.
    let imageSide (custom: Custom) =
        tryFind "images" custom
        |> Option.map (fun definition -> definition.Facts.Side (settings "images" custom) 0)

    /// The channels of custom images; 3 where they are not registered.
    let channels custom = (facts "images" custom).Channels

    /// Whether custom images have labels.
    let hasLabels custom = (facts "images" custom).HasLabels

    /// The figures that a custom measurement may give; none where it is not registered.
    let figures custom = (facts "measurement" custom).Figures

    /// Whether a custom measurement reads labels.
    let needsLabels custom =
        (facts "measurement" custom).NeedsLabels

    /// Whether a custom measurement reads the projection head.
    let readsHead custom = (facts "measurement" custom).ReadsHead

    /// What is wrong with a component that stands in that field.
    let problems kind field (custom: Custom) =
        match tryFind kind custom with
        | None -> [ $"{field} is {missing kind custom}." ]
        | Some definition ->
            let names map = map |> Map.keys |> String.concat ", "

            if names custom.Settings <> names definition.Defaults then
                [
                    $"{field}.Settings are {names custom.Settings}, but the {title kind custom.Name custom.Version} is defined with {names definition.Defaults}; give exactly these."
                ]
            else
                match custom.Settings |> Map.toList |> List.filter (snd >> Double.IsFinite >> not) with
                | (name, value) :: _ -> [ $"{field}.Settings.{name} is {value}; use a finite number." ]
                | [] ->
                    try
                        definition.Make(settings kind custom) |> ignore
                        []
                    with error ->
                        [
                            $"{field} is the {title kind custom.Name custom.Version} which cannot be made: {error.Message}"
                        ]

    /// What a component is that stands in a case of that union.
    let private kindOf (union: Type) =
        match union.Name with
        | "ImageSource" -> "images"
        | "Monitored" -> "measurement"
        | name -> name.ToLowerInvariant()

    /// The custom components in a value, with their kinds.
    let rec private inside (kind: Type) (value: obj) : (string * Custom) list =
        let fields (fields: Fields) value =
            List.zip fields.Fields (List.ofArray (fields.Read value))
            |> List.collect (fun ((_, field), value) ->
                match value with
                | :? option<Custom> as custom -> [ for custom in Option.toList custom -> kindOf kind, custom ]
                | value -> inside field value)

        match ofType kind with
        | Whole
        | Numbers -> []
        | Items(item, _) -> items value |> List.collect (inside item)
        | Record record -> fields record value
        | Option(inner, some) -> if isNull value then [] else inside inner (some.First value)
        | Cases(cases, tag) ->
            let case = List.item (tag value) cases

            match case.Fields with
            | [ _, single ] when single = typeof<Custom> -> [ kindOf kind, unbox<Custom>(case.First value) ]
            | _ -> fields case value

    let components (value: 'T) =
        inside typeof<'T> (box value) |> List.distinct

    /// By which sources the custom components in a value are computed in this process.
    let sources (value: 'T) =
        components value
        |> List.choose (fun (kind, custom) -> tryFind kind custom |> Option.map _.Source)
        |> List.distinct

/// Reads and replaces parts of a value by their path, as Code.diff prints it: fields by name, items of a list by number, and the one field
/// of a case without its name.
module internal SimCLR.ValuePath

open System
open System.Globalization
open SimCLR.ValueShape

/// A part of a value, and the value with another one in its place.
[<NoEquality; NoComparison>]
type private Part =
    {
        Step: string
        Kind: Type
        Value: obj
        With: obj -> obj
    }

/// One for each name, given what makes the value of all of them.
let private partsOf (make: obj[] -> obj) (names: (string * Type) list) (values: obj[]) =
    names
    |> List.mapi (fun i (step, kind) ->
        {
            Step = step
            Kind = kind
            Value = values[i]
            With = fun other -> make (Array.updateAt i other values)
        })

let private within (make: obj[] -> obj) part =
    { part with
        With = fun other -> make [| part.With other |]
    }

/// The parts that a step can name.
let rec private parts (kind: Type) (value: obj) : Part list =
    /// One field's parts are those of the whole.
    let inside (fields: Fields) =
        match fields.Fields, fields.Read value with
        | [ _, single ], values -> parts single values[0] |> List.map (within fields.Make)
        | names, values -> partsOf fields.Make names values

    match ofType kind with
    | Whole -> []
    | Numbers ->
        let numbers = unbox<Map<string, float>> value

        [
            for entry in numbers ->
                {
                    Step = entry.Key
                    Kind = typeof<float>
                    Value = entry.Value
                    With = fun other -> numbers |> Map.add entry.Key (unbox<float> other) |> box
                }
        ]
    | Items(item, make) ->
        let values = items value
        let names = values |> List.mapi (fun i _ -> $"[{i}]", item)
        partsOf (List.ofArray >> make) names (Array.ofList values)
    | Record fields -> partsOf fields.Make fields.Fields (fields.Read value)
    | Option(_, some) -> if isNull value then [] else inside some
    | Cases(cases, tag) -> inside (List.item (tag value) cases)

let private scalar (value: obj) =
    match value with
    | :? float as x -> Some(x.ToString("R", CultureInfo.InvariantCulture))
    | :? bool as b -> Some(if b then "true" else "false")
    | :? string as text -> Some text
    | :? IFormattable as number -> Some(number.ToString(null, CultureInfo.InvariantCulture))
    | _ -> None

/// Whether what a case holds is shown under the case's own path.
let private isOpen kind value =
    match ofType kind with
    | Record _
    | Numbers -> true
    | Items _ -> not (items value).IsEmpty
    | _ -> false

let private join path (step: string) =
    if path = "" then step
    elif step.StartsWith '[' then path + step
    else $"{path}.{step}"

let rec private leavesAt path kind value : (string * string) list =
    let deeper () =
        parts kind value
        |> List.collect (fun part -> leavesAt (join path part.Step) part.Kind part.Value)

    match ofType kind with
    | Whole ->
        [
            path, scalar value |> Option.defaultWith (fun () -> Json.writeLineOf kind value)
        ]
    | Items _ when (items value).IsEmpty -> [ path, "[]" ]
    | Numbers
    | Items _
    | Record _ -> deeper ()
    | Option _ when isNull value -> [ path, "none" ]
    | Option(inner, some) -> leavesAt path inner (some.First value)
    | Cases(cases, tag) ->
        let case = List.item (tag value) cases

        (path, case.Name)
        :: (match case.Fields, case.Read value with
            | [ _, single ], values when not (isOpen single values[0]) ->
                leavesAt (join path case.Name) single values[0]
            | _ -> deeper ())

/// Every leaf by its path: numbers and texts as they are, "none", pairs as JSON. A case stands under the path of its union, and a single
/// number that it holds under that path with the case's name: LearningRate is "Linear", and LearningRate.Linear is "0.2".
let leaves (value: 'T) = leavesAt "" typeof<'T> (box value)

let private quoted = sprintf "'%s'"

/// What a text must be, in words, for a field that has that value.
let rec private expected (kind: Type) (value: obj) =
    if kind = typeof<float> then
        "a number, such as 0.25 or 1e-4"
    elif kind = typeof<int> || kind = typeof<int64> then
        "a whole number"
    elif kind = typeof<bool> then
        "true or false"
    else
        match ofType kind with
        | Option(inner, some) -> $"none, or {expected inner (some.First value)}"
        | Cases(cases, _) when cases |> List.forall _.Fields.IsEmpty ->
            let names = cases |> List.map _.Name |> String.concat ", "
            $"one of {names}"
        | _ when isNull value -> "JSON"
        | _ -> $"JSON, such as {Json.writeLineOf kind value}"

let rec private parse (kind: Type) (value: obj) (text: string) : Result<obj, string> =
    let wrong () =
        let comma = kind = typeof<float> && text.Contains ','

        let hint =
            if comma then
                $" (the decimal sign is a point: {text.Replace(',', '.')})"
            else
                ""

        Error $"is {quoted text}; it must be {expected kind value}{hint}"

    let read (parsed, number: 'N) =
        if parsed then Ok(box number) else wrong ()

    if kind = typeof<float> then
        match Double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture) with
        | true, number -> Ok(box (number + 0.0))
        | _ -> wrong ()
    elif kind = typeof<int> then
        read (Int32.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture))
    elif kind = typeof<int64> then
        read (Int64.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture))
    elif kind = typeof<bool> then
        read (Boolean.TryParse text)
    elif kind = typeof<string> then
        Ok(box text)
    else
        match ofType kind with
        | Option _ when text.Equals("none", StringComparison.OrdinalIgnoreCase) -> Ok null
        | Option(inner, some) ->
            match parse inner (some.First value) text with
            | Ok inner -> Ok(some.Make [| inner |])
            | Error why when text.StartsWith '{' -> Error why
            | Error _ -> wrong ()
        | Cases(cases, tag) when not (isNull value) -> parseCase kind cases (List.item (tag value) cases) value text
        | _ -> readJson kind value text

and private readJson kind value (text: string) =
    if text.StartsWith '{' || text.StartsWith '[' || text.StartsWith '"' then
        Json.readOf kind text
        |> Result.mapError (fun why -> $"is {quoted text}: {why.TrimEnd '.'}; it must be {expected kind value}")
    else
        Error $"is {quoted text}; it must be {expected kind value}"

/// The name of a case, its one number, or JSON.
and private parseCase kind cases current value text =
    match cases |> List.tryFind (fun case -> case.Name = text) with
    | Some case when case.Name = current.Name -> Ok value
    | Some case when case.Fields.IsEmpty -> Ok(case.Make [||])
    | Some case ->
        let names = case.Fields |> List.map fst |> String.concat ", "
        Error $"is {quoted text}, which needs its values ({names}): write them as JSON, {{\"{text}\": ...}}"
    | None ->
        match current.Fields, readJson kind value text with
        | _, Ok read -> Ok read
        | [ _, single ], Error why ->
            parse single (current.First value) text
            |> Result.map (fun inner -> current.Make [| inner |])
            |> Result.mapError (fun _ -> why)
        | _, Error why -> Error why

let private steps (path: string) =
    path.Replace("[", ".[").Split('.', StringSplitOptions.RemoveEmptyEntries)
    |> List.ofArray

/// Paths of the value whose last step is near that of a path.
let private near path value =
    let last path =
        steps path |> List.tryLast |> Option.defaultValue ""

    if (last path).StartsWith '[' then
        []
    else
        leaves value |> List.map fst |> Near.byKey last (last path)

let rec private setAt path rest kind value text : Result<obj, string> =
    let set part path rest =
        setAt path rest part.Kind part.Value text |> Result.map part.With

    match rest with
    | [] -> parse kind value text |> Result.mapError (fun why -> $"{path} {why}.")
    | step :: rest ->
        let inside = parts kind value
        let here = if path = "" then "it" else path

        match inside |> List.tryFind (fun part -> part.Step = step), caseOf kind value step with
        | Some part, _ -> set part (join path step) rest
        | None, Some part when rest.IsEmpty -> set part (join path step) []
        | None, _ when isNull value -> Error $"{path} is none and has no field '{step}'; give it whole, as JSON."
        | None, _ when inside.IsEmpty -> Error $"{here} has no fields, and so no '{step}'."
        | None, _ ->
            let names = inside |> List.map _.Step |> String.concat ", "
            Error $"There is no '{step}' in {here}, which has {names}."

/// What a case of a union holds, by the name of the case, which need not be that of the value.
and private caseOf kind value step : Part option =
    match ofType kind with
    | Cases(cases, tag) ->
        cases
        |> List.tryFind (fun case -> case.Name = step && case.Fields.Length = 1)
        |> Option.map (fun case ->
            {
                Step = step
                Kind = snd case.Fields.Head
                Value =
                    if case.Name = (List.item (tag value) cases).Name then
                        case.First value
                    else
                        null
                With = fun inner -> case.Make [| inner |]
            })
    | Option(inner, some) when not (isNull value) ->
        caseOf inner (some.First value) step |> Option.map (within some.Make)
    | _ -> None

/// The value with another one at that path. The text is a number, a text, "none", the name of a case, or JSON.
let set (path: string) (text: string) (value: 'T) : Result<'T, string> =
    match setAt "" (steps path) typeof<'T> (box value) text with
    | Ok changed -> Ok(unbox<'T> changed)
    | Error why when why.StartsWith "There is no" -> Error(why + Near.question (near path value))
    | Error why -> Error why

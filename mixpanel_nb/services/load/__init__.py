"""Files and frames of one's own into a table of events.

``paths`` finds the files, ``mapping`` decides which field is the event's name, its time, its user and its id
(``presets`` knows those of other tools' exports), ``loader`` loads. How files are read is known by
``mixpanel_nb.storage.inputs``, how their rows become events by ``mixpanel_nb.storage.own_rows``.
"""
